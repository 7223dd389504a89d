// Package demo holds what the example servers share because it has nothing to
// do with their framework: the life of a server from its address to its end, the
// reading of bodies, and, for those who have no appid yet, a WeChat.
//
// # Without WX_APPID
//
// WeChat is simulated in the process, and the server has a page at / on which one
// can watch a login happen. It plays the mini program with client/wxsession.js,
// and draws every request with what follows from it: the calls to WeChat and those
// to the store. Requests of curl show up there too. With WX_APPID neither the page
// nor anything below exists.
//
// What WeChat would give the mini program of ?user=alice:
//
//	GET       /devtools/code       a code, as wx.login
//	GET, POST /devtools/encrypt    encryptedData and iv, as wx.getUserInfo; of
//	                               another JSON object with data= or as the body
//	GET       /devtools/phonecode  a code for number=13580006666, as the
//	                               getPhoneNumber button
//
// What the page has, and a script may use as well:
//
//	GET  /devtools/state   what is configured, and how the controls stand
//	GET  /devtools/events  the same, and every arrow as it happens (server-sent
//	                       events); ?after= the last id goes on after it
//	POST /devtools/clock   {"advance":"72h"} moves the clock of sessions and WeChat;
//	                       forward only
//	POST /devtools/store   {"down":true} lets every call to the store fail
//	POST /devtools/wechat  {"mood":"busy"} answers every call with -1; "slow" takes
//	                       two seconds for each; "well" is as it was
//
// The answer to a POST is the new state. For example:
//
//	curl http://localhost:8080/devtools/store -d '{"down":true}'
//
// Nothing is recorded while nobody watches. What is recorded is bounded: 400
// arrows, 2 KiB of each body, 32 readers at once.
//
// The page shows the simulator's secrets. It is for the machine that it runs on:
// the server listens on loopback unless ADDR names a host, / and what belongs to
// it answer only under localhost, an address, or the host in ADDR, and other
// websites can neither read them nor turn a control.
//
// The folder page has the page's sources, which are put together when the server
// starts; examples/internal/pagetest tests it in a browser.
package demo
