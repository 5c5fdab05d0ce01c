// Made from crates/functions/src/border.rs and natives.rs, which a test holds it to:
//   HOOKSTEAD_BLESS=1 cargo test -p hookstead-functions border

// What a function is called with: the lowest bits of the options of a run.
export const PAYLOAD_REQUEST = 0;
export const PAYLOAD_JSON = 1;
export const PAYLOAD_FORM = 2;
export const PAYLOAD_ARGUMENTS = 3;
export const PAYLOAD_BITS = 3;

// How the result of a function is written, the next bits: with narrow numbers, integers of 32
// bits are written as such in extended JSON.
export const RESULT_NONE = 0;
export const RESULT_JSON = 4;
export const RESULT_EJSON = 8;
export const RESULT_NARROW_EJSON = 12;
export const RESULT_BITS = 12;

// The other options of a run, a bit each.
export const OPTION_HAS_BODY = 16;
export const OPTION_RESPONSE_DROPS_RESULT = 32;

// Whose rights a run has, the highest bits of its options: the system user's, alone or with a
// user to show, or a user's.
export const RIGHTS_SYSTEM = 0;
export const RIGHTS_SYSTEM_WITH_USER = 64;
export const RIGHTS_USER = 128;
export const RIGHTS_BITS = 192;

// The BSON type that a number came with, as the mark that it carries; 0 is none.
export const MARK_NONE = 0;
export const MARK_INT32 = 1;
export const MARK_INT64 = 2;
export const MARK_DOUBLE = 3;

// A number of MongoDB's errors.
export const MONGO_CODE_WRITE_CONFLICT = 112;

// The classes whose values cross as those of their fields, by number.
export const CLASSES = [
  { name: "ObjectId", fields: ["_hex"] },
  { name: "Binary", fields: ["_bytes", "sub_type"] },
  { name: "Long", fields: ["low", "high", "unsigned"] },
  { name: "Int32", fields: ["value"] },
  { name: "Double", fields: ["value"] },
  { name: "Decimal128", fields: ["_text"] },
  { name: "BSONRegExp", fields: ["pattern", "options"] },
  { name: "Timestamp", fields: ["t", "i"] },
  { name: "Code", fields: ["code", "scope"] },
  { name: "MinKey", fields: [] },
  { name: "MaxKey", fields: [] },
  { name: "UUID", fields: ["_bytes", "sub_type"] },
];

// How many arguments each native takes; tests hold their own to it.
export const NATIVES = {
  aes_gcm_decrypt: 2,
  aes_gcm_encrypt: 2,
  arguments: 0,
  base64_decode: 1,
  base64_encode: 1,
  cipher_decrypt: 6,
  cipher_encrypt: 6,
  data_in_transaction: 1,
  data_session: 2,
  data_session_end: 1,
  data_start: 3,
  data_start_large: 2,
  data_transaction_start: 1,
  error_told: 3,
  fail: 2,
  function_allow: 2,
  function_find: 1,
  hash: 2,
  header_is_valid: 2,
  hex_decode: 1,
  hex_encode: 1,
  hmac: 3,
  http_start: 2,
  json_text: 1,
  jwt_sign: 3,
  jwt_verify: 4,
  log: 2,
  marked: 2,
  monotonic_ms: 0,
  number_mark: 1,
  pbkdf2: 5,
  random: 0,
  random_bytes: 1,
  random_uuid: 0,
  reply: 5,
  request_body: 0,
  request_body_text: 0,
  request_headers: 0,
  request_info: 0,
  request_query: 0,
  rsa_sign: 3,
  rsa_verify: 4,
  script: 1,
  service_allow: 5,
  service_allows: 2,
  service_kind: 1,
  settled: 0,
  timer_cancel: 1,
  timer_start: 2,
  url_parse: 2,
  url_set: 3,
  user: 0,
  utf8_decode: 2,
  utf8_encode: 1,
  value_get: 1,
  wait: 1,
};
