// The types against wx, as miniprogram-api-typings has it.
import { createSession, WXSessionError, type Session, type Figures, type Device } from 'wxsession-client'

const session: Session = createSession({
  baseUrl: 'https://your.host',
  prefix: '/wx',
  appid: undefined,
  device: undefined,
  storageKey: 'wxsession',
  platform: wx,
  timeout: 10000,
  retries: 2,
  profile: async () => {
    const { rawData, signature, encryptedData, iv } = await wx.getUserInfo({ withCredentials: true })
    return { rawData, signature, encryptedData, iv }
  }
})
createSession({ baseUrl: 'https://your.host' })
createSession({ baseUrl: 'https://your.host', profile: () => null })
createSession({ baseUrl: 'https://your.host', profile: () => new Promise(resolve => wx.getUserInfo({ success: resolve, fail: () => resolve(null) })) })

export async function everything(): Promise<void> {
  const figures: Figures = await session.login()
  await session.login({ force: true })
  const seconds: number = figures.expiresIn + figures.lifetime

  interface Me { openid: string }
  const res = await session.request<Me>({ url: '/api/me', method: 'GET', data: { a: 1 }, header: { 'X-Trace': '1' }, enableHttp2: true })
  const openid: string = res.data.openid
  const status: number = res.statusCode
  const type: string = res.header['Content-Type']
  const any: string[] = (await session.request({ url: '/api/list' })).data.list

  const uploaded = await session.upload<{ size: number }>({ url: '/files', filePath: 'wxfile://x', name: 'file', formData: { album: '7' } })
  const size: number = uploaded.data.size
  const file: string = (await session.download({ url: '/files/x' })).tempFilePath

  const lives: boolean = (await session.check()) && (await session.check({ deep: true }))
  const devices: Device[] = await session.sessions()
  const names: string[] = devices.filter(d => !d.current).map(d => d.device + d.lastSeen.toISOString() + d.createdAt.getTime())
  await session.revoke(devices[0].id)
  const rotated: Figures = await session.rotate()
  const phone: string = (await session.phone('code')).purePhoneNumber
  const url: string = await session.ticket('/h5/order?id=7')
  const scan = await session.scan('id', 'confirm')
  if (scan.state === 'denied') wx.showToast({ title: scan.browser + scan.ip + scan.createdAt.toLocaleTimeString() })
  const nothing: void = await session.logout({ all: true })
  const token: string = session.token

  const off: () => void = session.on('login', f => f.lifetime.toFixed())
  session.on('error', err => { if (err.code === 'user_blocked' && err.errcode === 40226) console.warn(err.rid) })
  session.on('logout', () => wx.reLaunch({ url: '/pages/profile/profile' }))
  off()
  void [seconds, openid, status, type, any, size, file, lives, names, rotated, phone, url, nothing, token]

  try {
    await session.request({ url: '/' })
  } catch (err) {
    if (!(err instanceof WXSessionError)) throw err
    const after: number = err.retryAfter || 1
    const code: string = err.code
    switch (err.code) {
      case 'network':
      case 'timeout':
      case 'invalid_ticket':
      case 'banned': // one of the application's own
        setTimeout(() => console.log(code), after * 1000)
    }
  }
}

// What must not pass.
// @ts-expect-error baseUrl is required
createSession({})
// @ts-expect-error a platform has login and request
createSession({ baseUrl: '', platform: {} })
// @ts-expect-error
createSession({ baseUrl: '', timeout: '10s' })
// @ts-expect-error a URL is required
session.request({ method: 'GET' })
// @ts-expect-error
session.scan('id', 'cancel')
// @ts-expect-error
session.on('logon', () => {})
// @ts-expect-error the token is not for setting
session.token = ''
// @ts-expect-error
session.revoke(7)
// @ts-expect-error wx's types are there, and know no such call
wx.noSuchCall()
