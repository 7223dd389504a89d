// The types against Taro's.
import Taro from '@tarojs/taro'
import { createSession, type Platform } from 'wxsession-client'

const platform: Platform = Taro
export const session = createSession({ baseUrl: 'https://your.host', platform: Taro })

export async function show(): Promise<void> {
  const me = await session.request<{ openid: string }>({ url: '/api/me' })
  Taro.showToast({ title: me.data.openid })
  void platform
}

// @ts-expect-error Taro's types are there, and know no such call
Taro.noSuchCall()
