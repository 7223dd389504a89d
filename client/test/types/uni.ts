// The types against uni-app's.
import { createSession, type Platform } from 'wxsession-client'

const platform: Platform = uni
export const session = createSession({ baseUrl: 'https://your.host', platform: uni })

export async function send(): Promise<void> {
  const chosen = await uni.chooseImage({ count: 1 })
  const { data } = await session.upload({ url: '/files', filePath: chosen.tempFilePaths[0], name: 'file' })
  uni.showToast({ title: data.name })
  void platform
}

// @ts-expect-error uni's types are there, and know no such call
uni.noSuchCall()
