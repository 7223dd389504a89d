// What the user reads.

const ERRORS = {
  network: '网络不通，请检查网络后重试',
  timeout: '服务器没有及时响应，请稍后再试',
  bad_reply: '服务器的响应看不懂，请稍后再试',
  login_failed: '微信登录失败，请稍后再试',
  no_session: '已退出登录',
  invalid_code: '微信不认这次登录，请检查 appid',
  user_blocked: '微信认为这个账号有风险，暂时不能登录',
  login_denied: '服务器拒绝了这次登录',
  rate_limited: '操作太频繁，请稍后再试',
  store_unavailable: '服务器忙，请稍后再试',
  app_unavailable: '服务器忙，请稍后再试',
  wechat_unavailable: '微信忙，请稍后再试',
  not_found: '没有找到，可能已经失效'
}

function errorText(err) {
  return ERRORS[err.code] || '出错了（' + err.code + '）'
}

function twoDigits(n) {
  return n < 10 ? '0' + n : String(n)
}

// Dates as people say them. Intl is not on every phone.
function dateText(date, now) {
  const minutes = Math.floor((now - date) / 60000)
  if (minutes < 1) return '刚刚'
  if (minutes < 60) return minutes + ' 分钟前'
  if (minutes < 24 * 60) return Math.floor(minutes / 60) + ' 小时前'
  return date.getFullYear() + '-' + twoDigits(date.getMonth() + 1) + '-' + twoDigits(date.getDate()) +
    ' ' + twoDigits(date.getHours()) + ':' + twoDigits(date.getMinutes())
}

function lifeText(seconds) {
  return seconds >= 86400 ? Math.floor(seconds / 86400) + ' 天' : Math.ceil(seconds / 3600) + ' 小时'
}

// A User-Agent in a few words; the whole of it says nothing to most people.
function browserText(agent) {
  const browser = [['Edg', 'Edge'], ['Firefox', 'Firefox'], ['Chrome', 'Chrome'], ['Safari', 'Safari']].filter(b => agent.indexOf(b[0]) >= 0)[0]
  const system = [['Windows', 'Windows'], ['iPhone', 'iPhone'], ['Mac OS', 'macOS'], ['Android', 'Android'], ['Linux', 'Linux']].filter(s => agent.indexOf(s[0]) >= 0)[0]
  const words = [browser && browser[1], system && system[1]].filter(Boolean)
  return words.length ? words.join(' · ') : agent.slice(0, 40) || '未知浏览器'
}

module.exports = { errorText, dateText, lifeText, browserText }
