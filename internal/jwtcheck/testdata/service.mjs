// A service in Node that takes the issuer's tokens, and an issuer in Node.
//
// It reads one JSON object a line and answers each with one:
//   {"verify": token}          {"claims": …, "header": …} or {"error": code}
//   {"thumbprints": true}      {"thumbprints": {kid: RFC 7638 thumbprint}}
//   {"sign": claims, "alg": …} {"token": …, "jwks": …}, with a new key
import { createInterface } from 'node:readline'
import * as jose from 'jose'

const [url, issuer, audience] = process.argv.slice(2)
// A service would leave cooldownDuration at its 30 s; the test does not wait.
const keys = jose.createRemoteJWKSet(new URL(url), { cooldownDuration: 0 })

async function answer(request) {
  if (request.verify) {
    const options = { issuer, audience, algorithms: ['EdDSA', 'ES256'], typ: 'JWT', requiredClaims: ['exp', 'iat', 'sub', 'jti', 'appid', 'sid'] }
    const { payload, protectedHeader } = await jose.jwtVerify(request.verify, keys, options)
    return { claims: payload, header: protectedHeader }
  }
  if (request.thumbprints) {
    const set = await (await fetch(url)).json()
    const pairs = await Promise.all(set.keys.map(async (key) => [key.kid, await jose.calculateJwkThumbprint(key)]))
    return { thumbprints: Object.fromEntries(pairs) }
  }
  const { publicKey, privateKey } = await jose.generateKeyPair(request.alg, { crv: 'Ed25519' })
  const jwk = await jose.exportJWK(publicKey)
  jwk.kid = await jose.calculateJwkThumbprint(jwk)
  const token = await new jose.SignJWT(request.sign).setProtectedHeader({ alg: request.alg, kid: jwk.kid }).sign(privateKey)
  return { token, jwks: { keys: [jwk] } }
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line)).catch((error) => ({ error: error.code ?? String(error) }))
  console.log(JSON.stringify(reply))
}
