// Types of wxsession-client.

/** What createSession needs of wx, uni, Taro, tt and their like. */
export interface Platform {
  login(options: any): any
  request(options: any): any
  getStorageSync(key: string): any
  setStorageSync(key: string, data: any): void
  removeStorageSync(key: string): void
  /** For upload(). */
  uploadFile?(options: any): any
  /** For download(). */
  downloadFile?(options: any): any
  /** For check({ deep: true }); without it the server alone is asked. */
  checkSession?(options?: any): any
  /** For the default of `device`. */
  getDeviceInfo?(): any
}

/** What wx.getUserInfo and its kind give; each pair is sent only if it is whole. */
export interface Profile {
  rawData?: string
  signature?: string
  encryptedData?: string
  iv?: string
}

export interface SessionOptions {
  /** `https://your.host`, or with a path. Nothing outside it gets the token. */
  baseUrl: string
  /** Where the server has the login routes. Default: `/wx`. */
  prefix?: string
  /** Sent with the login. Default: none, the server goes by WeChat's Referer. */
  appid?: string
  /** Label in the list of devices, cut to 128 bytes. Default: model and system, where the platform tells. `''`: none. */
  device?: string
  /** Where the token is stored. Default: `wxsession`. */
  storageKey?: string
  /** Default: the global `wx`. */
  platform?: Platform
  /** Milliseconds that each call of the platform may take. Default: 10000. */
  timeout?: number
  /** How often a 503 or 429 is tried again. Default: 2. */
  retries?: number
  /** Asked once per login; a login does not fail because of it. */
  profile?: () => Profile | null | undefined | void | Promise<Profile | null | undefined | void>
}

/** The figures of a login, in seconds. */
export interface Figures {
  /** How long the session lives unused. */
  expiresIn: number
  /** How long it can live at most. */
  lifetime: number
}

export interface RequestOptions {
  /** A path, or a URL under baseUrl. */
  url: string
  method?: string
  data?: any
  header?: Record<string, string>
  /** Milliseconds, in place of the session's. */
  timeout?: number
  dataType?: string
  responseType?: string
  /** Whatever else the platform takes. */
  [option: string]: any
}

export interface UploadOptions {
  url: string
  filePath: string
  name: string
  formData?: Record<string, any>
  header?: Record<string, string>
  timeout?: number
  [option: string]: any
}

export interface DownloadOptions {
  url: string
  header?: Record<string, string>
  timeout?: number
  [option: string]: any
}

/** As the platform gives it, with the members that are sure to be there. */
export interface Response<T = any> {
  statusCode: number
  data: T
  header: Record<string, any>
  [member: string]: any
}

export interface UploadResponse<T = any> {
  statusCode: number
  /** Parsed where it is JSON. */
  data: T
  [member: string]: any
}

export interface DownloadResponse {
  statusCode: number
  tempFilePath: string
  [member: string]: any
}

export interface Device {
  /** No credential; for revoke(). */
  id: string
  createdAt: Date
  lastSeen: Date
  device: string
  /** Whether it is this one. */
  current: boolean
}

export interface PhoneNumber {
  phoneNumber: string
  purePhoneNumber: string
  countryCode: string
}

export type ScanAction = 'scan' | 'confirm' | 'deny'

export interface Scan {
  state: 'scanned' | 'confirmed' | 'denied'
  /** The User-Agent of the browser that is being logged in. */
  browser: string
  /** Its address. */
  ip: string
  createdAt: Date
}

/** The codes of the server. */
export type ServerCode =
  | 'bad_request'
  | 'invalid_code'
  | 'code_used'
  | 'invalid_signature'
  | 'no_session'
  | 'invalid_session'
  | 'session_revoked'
  | 'session_key_expired'
  | 'invalid_ticket'
  | 'user_blocked'
  | 'login_denied'
  | 'cross_origin'
  | 'not_found'
  | 'conflict'
  | 'request_too_large'
  | 'rate_limited'
  | 'misconfigured'
  | 'app_unavailable'
  | 'store_unavailable'
  | 'wechat_unavailable'

/** The codes of the client: no reply, no reply in time, no sensible reply, and wx.login failed. */
export type ClientCode = 'network' | 'timeout' | 'bad_reply' | 'login_failed'

export class WXSessionError extends Error {
  /** One of these, or a code of the application's own. */
  code: ServerCode | ClientCode | (string & {})
  /** The HTTP status; 0 where there was no reply. */
  status: number
  /** Seconds, where the server said when to try again. */
  retryAfter?: number
  /** WeChat's errcode, or the errno of wx.login. */
  errcode?: number
  /** WeChat's request id. */
  rid?: string
  constructor(code: string, message: string, details?: Partial<Pick<WXSessionError, 'status' | 'retryAfter' | 'errcode' | 'rid'>>)
}

export interface SessionEvents {
  login: Figures
  logout: undefined
  error: WXSessionError
}

/** Every promise rejects with a WXSessionError, and with nothing else. */
export interface Session {
  /** `''` without one. */
  readonly token: string
  /** Logs in if there is no token; with force always. */
  login(options?: { force?: boolean }): Promise<Figures>
  /** As wx.request. Rejects only for what is about the session or its server; every other status is a result. */
  request<T = any>(options: RequestOptions): Promise<Response<T>>
  /** As wx.uploadFile. */
  upload<T = any>(options: UploadOptions): Promise<UploadResponse<T>>
  /** As wx.downloadFile. */
  download(options: DownloadOptions): Promise<DownloadResponse>
  /** Whether the session lives; with deep, whether its session_key does too. Rejects when the server cannot tell. */
  check(options?: { deep?: boolean }): Promise<boolean>
  /** Forgets the token in any case, then tells the server; with all it ends the user's sessions on every device. */
  logout(options?: { all?: boolean }): Promise<void>
  sessions(): Promise<Device[]>
  revoke(id: string): Promise<void>
  /** Replaces the token; the session stays the same. */
  rotate(): Promise<Figures>
  /** The number for the code of the getPhoneNumber button. */
  phone(code: string): Promise<PhoneNumber>
  /** The absolute URL with which a web-view enters as this user, good for a minute and once. */
  ticket(to?: string): Promise<string>
  /** Takes part in a website's login by scanning. */
  scan(id: string, action: ScanAction): Promise<Scan>
  /** Returns the function that takes the listener off. */
  on<E extends keyof SessionEvents>(event: E, listener: (value: SessionEvents[E]) => void): () => void
}

export function createSession(options: SessionOptions): Session
