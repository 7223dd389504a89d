package core

// The rig: how the interleaving and the model tests work, and how to run one case.
//
// # What it does
//
// A scene (interleave_scene_test.go) is a user with two sessions in a store, and
// three instances: managers with a near cache and a clock of their own. A run
// plays two or three operations (interleave_operations_test.go) on it, each on
// another instance. Every call of the store waits until the scheduler picks it
// (interleave_test.go), so that one goroutine runs at a time. What else can happen
// is a step like a call: time passes, a clock is set, WeChat answers, the store
// forgets. After a run the inspection (interleave_check_test.go,
// interleave_kept_test.go, interleave_ring_test.go) looks at what is there, and at
// what the user can do from there in several futures (interleave_future_test.go).
//
// A search (interleave_search_test.go) runs all schedules of a pair, and leaves
// off what it knows: interleave_state_test.go names the states. Where they are too
// many it draws some. interleave_random_test.go draws three operations and their
// schedule by a seed. interleave_sweep_test.go needs no scheduler: it lets the
// n-th call of one operation fail, for every n.
//
// A story (model_holders_test.go) is one session and those who hold its tokens:
// a client that may miss answers, a thief. model_custody_test.go knows what must
// become of every token.
//
// A script (model_run_test.go) drives two managers and a model, whose sessions
// are structs (model_test.go, model_rules_test.go), step by step
// (model_steps_test.go, model_endings_test.go), while processes get other Keys
// (model_processes_test.go); model_random_test.go draws scripts.
//
// rig_records_test.go has all that depends on the core's insides. A new core needs
// a new version of that file; which rules its old tests go by is in coreRules.
//
// # The options of a scene
//
// They are fields of setting (interleave_scene_test.go).
//
//	begins    that an operation begins is a step: what was over before it began,
//	          and what was not, can be told apart
//	faults    calls that fail before or after they took effect, and crashes
//	late      calls that fail take effect later, too
//	stale     reads of session records find any version that the instance has
//	          read, up to a second after it was replaced, and not after it wrote
//	          the key or met a conflict on it: interleave_near_test.go; the verbs
//	          are in coreRules; tests in interleave_stale_test.go
//	forgets   the store loses the user record (evicting), or goes back to what it
//	          held before any step (goingBack): interleave_history_test.go; what
//	          must hold afterwards, and tests, in interleave_loss_test.go
//	unacked   so many revoking writes take place without the replicas' word, and
//	          fail: replica in interleave_history_test.go; what must hold for a
//	          replica that takes over, and tests, in interleave_replicas_test.go
//	answers   WeChat answers when it is picked, a millisecond after the last time:
//	          interleave_wechat_test.go; tests in interleave_answers_test.go
//	expired   the session_key is none, until a login brings it again: as above
//	skew      the instances' clocks are off, "set back" and "set on" set one of
//	          them, the observer's is behind all: interleave_clocks_test.go
//	holder    whoever got a token may have missed all later ones and must be able
//	          to live on it: interleave_holders_test.go
//	theft     the rule for a token whose successor was used: as above
//	handing   the first session has tickets, and has approved of a login:
//	          interleave_tickets_test.go; tests in interleave_handing_test.go
//	rotated, used, lapsing, aged, alone, lost, handed   what the first session has
//	          behind it, and whether there are others
//
// The operations that are events ("tick", "set back", evicting, goingBack …) are
// appended to a pair like a third operation; again makes a client of an operation
// that does not give up.
//
// # What keeps it honest
//
// TestLeavingOffLosesNothing compares searches with brute force: as many
// schedules, the same states, the same findings, for every option. Each test
// counts what its option has brought about (interleave_seen_test.go), and fails
// where that is nothing; random tests fail where the runs are too much alike.
// TestCustodyNotices has the rule for tokens followed by a custodian, and broken
// by others with one flaw each (model_keeper_test.go).
//
// # To run one case
//
// A failed search prints its schedule, which option was taken at each step:
//
//	WX_RIG_SCHEDULE="0 0 0 0 1" go test ./core -run 'TestEveryInterleavingBehindNearCaches/pairs/paint_blue,paint_red$'
//
// runs it again and prints its trace, whatever comes of it; what a schedule does
// not say is taken to be 0. A failed random test prints its seed:
//
//	WX_RIG_SEED=137 go test ./core -run 'TestNearCachesAtRandom$'
//
// A script that fails is printed as bytes; runScript takes them.
//
// In a trace a line is a step: its number, the task and its operation, the call,
// the first letters of the key, what happened to it, and what it returned.
