// An OpenID server that stands in for Google and Apple, and beside it what Facebook has of its own.
//
// It prints its URL, and ends with whoever holds the other side of its input. Nothing in it is
// for anything but tests: whoever asks is logged in.

import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

import Provider from 'oidc-provider'

const APPLE = 'apple-app'
const CLIENTS = { 'google-app': 'google secret', [APPLE]: 'apple secret', other: 'other secret' }
const HOOKS = 'https://hooks.example'
const REDIRECTS = [`${HOOKS}/api/client/v2.0/auth/callback`, `${HOOKS}/native`]
const ACCOUNTS = {
  ada: { email: 'ada@a.example', email_verified: true, given_name: 'Ada', family_name: 'Lovelace' },
  bob: { email: 'bob@b.example', email_verified: true, given_name: 'Bob' },
  eve: { email: 'eve@a.example', email_verified: false, given_name: 'Eve' },
}
const HUGE_BYTES = 4 << 20
const HOUR_S = 3600

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`
  const provider = openIdServer(url)
  server.on('request', (request, response) => {
    answer(provider, url, request, response).catch((error) => {
      console.error(error)
      send(response, 500, {})
    })
  })
  console.log(url)
})

function openIdServer(issuer) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = { ...privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' }
  const clients = Object.entries(CLIENTS).map(([id, secret]) => ({
    client_id: id,
    client_secret: secret,
    redirect_uris: REDIRECTS,
    token_endpoint_auth_method: 'client_secret_post',
  }))
  return new Provider(issuer, {
    clients,
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['given_name', 'family_name'],
    },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    pkce: { methods: ['S256'], required: () => false },
    ttl: { AccessToken: HOUR_S, AuthorizationCode: HOUR_S, IdToken: HOUR_S, Interaction: HOUR_S,
      Session: HOUR_S, Grant: HOUR_S },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...ACCOUNTS[id] }) }),
    loadExistingGrant: async (context) => {
      const { client, session } = context.oidc
      const grant = new context.oidc.provider.Grant({
        clientId: client.clientId, accountId: session.accountId,
      })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
}

async function answer(provider, url, request, response) {
  const { pathname, searchParams } = new URL(request.url, url)
  if (pathname.startsWith('/interaction/')) {
    const login = { accountId: searchParams.get('login') }
    return provider.interactionFinished(request, response, { login })
  }
  if (pathname.startsWith('/facebook/')) return facebook(pathname, searchParams, request, response)
  if (pathname === '/huge') return response.end('x'.repeat(HUGE_BYTES))
  // The connection stays open, and nothing comes.
  if (pathname === '/silent') return undefined
  if (pathname === '/broken') return send(response, 500, { error: 'server_error' })
  if (pathname === '/auth' && searchParams.get('client_id') === APPLE) {
    // Apple gives an OpenID Connect token without being asked for one.
    searchParams.set('scope', `openid ${searchParams.get('scope') ?? ''}`.trim())
    request.url = `${pathname}?${searchParams}`
  }
  if (pathname === '/token') {
    // Google wants an empty one for the codes that devices are given.
    request.body = Object.fromEntries(new URLSearchParams(await read(request)))
    request.body.redirect_uri ||= `${HOOKS}/native`
  }
  return provider.callback()(request, response)
}

const FACEBOOK = { id: '12', secret: 'facebook secret' }
const FRIENDS = {
  7: { name: 'Ada Lovelace', first_name: 'Ada', email: 'ada@a.example', age_range: { min: 21 },
    picture: { data: { url: 'https://pictures.example/7' } } },
}
/** Codes with where they may be used, and tokens with the app and the user that they are of. */
const codes = new Map()
const tokens = new Map()

async function facebook(path, query, request, response) {
  const refuse = () => send(response, 400, { error: { type: 'OAuthException', code: 190 } })
  switch (path) {
    case '/facebook/dialog': {
      const code = randomBytes(8).toString('hex')
      codes.set(code, query.get('redirect_uri'))
      const back = new URL(query.get('redirect_uri'))
      back.searchParams.set('code', code)
      back.searchParams.set('state', query.get('state'))
      response.writeHead(302, { location: back.href })
      return response.end()
    }
    case '/facebook/token': {
      const form = new URLSearchParams(await read(request))
      const { id, secret } = FACEBOOK
      const redirect = codes.get(form.get('code'))
      codes.delete(form.get('code'))
      const isOwn = form.get('client_id') === id && form.get('client_secret') === secret
      if (!isOwn || !redirect || redirect !== form.get('redirect_uri')) return refuse()
      return send(response, 200, { access_token: issue(id, '7'), token_type: 'bearer' })
    }
    // Only in tests: a token of any app, as every app has them of its users.
    case '/facebook/issue':
      return send(response, 200, { token: issue(query.get('app'), query.get('user')) })
    case '/facebook/debug_token': {
      if (query.get('access_token') !== `${FACEBOOK.id}|${FACEBOOK.secret}`) return refuse()
      const known = tokens.get(query.get('input_token'))
      const data = known
        ? { app_id: known.app, user_id: known.user, is_valid: true, type: 'USER', expires_at: 0 }
        : { is_valid: false }
      return send(response, 200, { data })
    }
    case '/facebook/me': {
      const token = query.get('access_token')
      const proof = createHmac('sha256', FACEBOOK.secret).update(String(token)).digest('hex')
      const known = tokens.get(token)
      if (!known || query.get('appsecret_proof') !== proof) return refuse()
      const all = { id: known.user, ...FRIENDS[known.user] }
      const asked = query.get('fields').split(',').map((name) => [name, all[name]])
      return send(response, 200, Object.fromEntries(asked))
    }
    default:
      return send(response, 404, {})
  }
}

function issue(app, user) {
  const token = randomBytes(16).toString('hex')
  tokens.set(token, { app, user })
  return token
}

async function read(request) {
  let text = ''
  for await (const piece of request) text += piece
  return text
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
