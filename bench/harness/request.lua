-- One request for wrk, sent again and again, and the figures as one line that is easy to read.
--
-- wrk … -s request.lua URL -- METHOD PATH NUMBERS BODY_FILE "Name: value"…
--
-- Where the path has `{number}`, requests run through numbers below NUMBERS.

local variants = 500
local stride = 7919 -- a prime, so that neighbours are far apart

function init(args)
  wrk.method = args[1]
  local path, numbers = args[2], tonumber(args[3])
  if args[4] ~= "" then
    local file = assert(io.open(args[4], "rb"))
    wrk.body = file:read("*a")
    file:close()
  end
  for index = 5, #args do
    local name, value = args[index]:match("^(.-): (.*)$")
    wrk.headers[name] = value
  end
  if numbers > 0 then
    take_turns(path, numbers)
  end
end

-- A function `request` costs wrk time of its own, so there is one only where it is needed.
function take_turns(path, numbers)
  local requests = {}
  for index = 1, variants do
    local number = index * stride % numbers
    requests[index] = wrk.format(wrk.method, (path:gsub("{number}", number)))
  end
  local last = 0
  request = function()
    last = last % variants + 1
    return requests[last]
  end
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'RESULT {"requests": %d, "duration_us": %d, "refused": %d, "broken": %d, '
      .. '"p50_us": %d, "p99_us": %d, "max_us": %d}',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max
  ))
end
