// Where everything begins, when all sources have been read.

document.addEventListener('DOMContentLoaded', start)

async function start() {
  startTheme()
  startLanguage()
  const name = new URLSearchParams(location.search).get('view')
  if (name === 'h5' || name === 'site') {
    server.state = await (await fetch('/devtools/state')).json()
    return startView(name)
  }
  $('main-view').hidden = false
  await startStream()
  startSequence()
  startPhone()
  startTrouble()
  startTour()
  startActs()
  startWeb()
  language.listeners.forEach(draw => draw())
  document.body.dataset.ready = 'true'
}
