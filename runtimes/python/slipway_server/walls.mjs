// Sets the walls of walls.py around a program that is not Python's, on a machine without a python3: Landlock and seccomp, by calls into libc (koffi), and then becomes that program.
// Node has threads before any of its JavaScript runs, so there is no namespace of a user's own; the other walls are those of this thread, which the program has from execve.
//
// `node walls.mjs --look PATH...` writes {landlock, seccomp, namespaces, closed} as walls.py does.
// `node walls.mjs PROGRAM ARGUMENT...` sets the walls that SLIPWAY_WALLS lists, or ends with status 2.
import { fstatSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { argv, env, execve } from 'node:process';
import koffi from 'koffi';

const known = JSON.parse(readFileSync(new URL('./walls.json', import.meta.url), 'utf8'));
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };
const CALLS = known.calls[ARCHITECTURES[process.arch]];

const libc = koffi.load(null);
const call = libc.func('long syscall(long number, ...)');
const prctl = libc.func('int prctl(int what, ulong a, ulong b, ulong c, ulong d)');
const capset = libc.func('int capset(void *header, void *sets)');
const openPath = libc.func('int open(const char *path, int flags)');
const access = libc.func('int access(const char *path, int how)');
const pipe = libc.func('int pipe(void *made)');
const dup2 = libc.func('int dup2(int from, int to)');
const closeFd = libc.func('int close(int fd)');
const fcntl = libc.func('int fcntl(int fd, int what, ...)');
// Behind the filter Node's event loop cannot go on, not even to its end.
const endNow = libc.func('void _exit(int status)');
const setLimit = libc.func('int setrlimit(int what, void *limit)');
const getLimit = libc.func('int getrlimit(int what, _Out_ void *limit)');

// The same as in walls.py, where each is explained.
const [CREATE_RULESET, ADD_RULE, RESTRICT_SELF] = [444, 445, 446];
const [EXECUTE, WRITE_FILE, READ_FILE, READ_DIR] = [1, 2, 4, 8];
const READ = READ_FILE | READ_DIR;
const MAKE_DEVICES = (1 << 6) | (1 << 11);
const [REFER, TRUNCATE, IOCTL_DEVICE] = [1 << 13, 1 << 14, 1 << 15];
const FIRST_RIGHTS = (1 << 13) - 1;
const OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE;
const [TCP_BIND_AND_CONNECT, ABSTRACT_SOCKETS_AND_SIGNALS] = [3n, 3n];
const NEW_ANY = 0x7e020080;
const [NO_NEW_PRIVILEGES, DROP_BOUNDING, AMBIENT, CLEAR_AMBIENT, SECCOMP] = [38, 24, 47, 4, 22];
const CAPABILITY_VERSION = 0x20080522;
const FILTER = 2;
const FAST_OPEN = 0x20000000;
const SET_LEASE = 1024;
const SHARED_WITHOUT_FILE = 0x21;
const DATAGRAMS = 2;
const [O_PATH, O_CLOEXEC] = [0o10000000, 0o2000000];
const [SET_FD, CLOSE_ON_EXEC] = [2, 1];
const [X_OK, R_OK] = [1, 4];
const LIMITS = { cpuSeconds: 0, fileBytes: 1, dataBytes: 2, files: 7 };
const CORE = 4;
const CPU_GRACE_SECONDS = 5;
const NO_LIMIT = 2n ** 64n - 1n;
const { EPERM, EACCES, ENOSYS, EINVAL, EOPNOTSUPP } = constants.errno;
const REFUSALS = [EPERM, EACCES, ENOSYS, EINVAL, EOPNOTSUPP];

function checked(result, what) {
  if (result >= 0) return result;
  const number = koffi.errno();
  const isRefusal = REFUSALS.includes(number);
  throw Object.assign(new Error(`${what}: error number ${number}`), { isRefusal });
}

/** A refusal means that this machine does not have the wall, and returns `none`; any other error is unexpected and is thrown. */
function orNone(attempt, none) {
  try {
    return attempt();
  } catch (error) {
    if (error.isRefusal) return none;
    throw error;
  }
}

function look(paths) {
  const landlock = orNone(() => {
    const version = call(CREATE_RULESET, 'void *', null, 'size_t', 0, 'uint32_t', 1);
    return checked(version, 'Landlock');
  }, 0);
  dropCapabilities();
  const closed = [...new Set(paths.map((path) => firstClosed(path, R_OK)))].filter(Boolean);
  const seccomp = CALLS !== undefined && orNone(() => enterSeccomp(), false);
  return { landlock, seccomp, namespaces: false, closed };
}

function firstClosed(path, how) {
  const above = dirname(path);
  const closed = above === path ? '' : firstClosed(above, X_OK);
  return closed || (access(path, how) === 0 ? '' : path);
}

function enter(plan) {
  endInput();
  keepDescriptors();
  limit(plan.limits);
  dropCapabilities();
  checked(prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), 'no new privileges');
  if (plan.landlock > 0) enterLandlock(plan);
  if (plan.seccomp) enterSeccomp();
  if (plan.namespaces) throw new Error('namespaces: Node cannot enter them');
}

/** Does the same as walls.py's function of this name. */
function endInput() {
  if (!fstatSync(0).isCharacterDevice()) return;
  const made = Buffer.alloc(8);
  checked(pipe(made), 'a pipe');
  const [over, writing] = [made.readInt32LE(0), made.readInt32LE(4)];
  closeFd(writing);
  checked(dup2(over, 0), 'its input');
  closeFd(over);
}

/** The program keeps the standard descriptors and those that the environment names; the process that started Slipway may have left others open. */
function keepDescriptors() {
  const named = [env.CHANNEL_FD, env.LISTENING_FD].filter(Boolean).map(Number);
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    const isKept = fd <= 2 || named.includes(fd);
    // The folder's own descriptor is closed by now.
    fcntl(fd, SET_FD, 'int', isKept ? 0 : CLOSE_ON_EXEC);
  }
}

function limit(limits) {
  limitTo(CORE, 0);
  for (const [name, what] of Object.entries(LIMITS)) {
    const grace = name === 'cpuSeconds' ? CPU_GRACE_SECONDS : 0;
    if (limits[name] !== undefined) limitTo(what, limits[name], grace);
  }
}

function limitTo(what, most, grace = 0) {
  const limits = Buffer.alloc(16);
  checked(getLimit(what, limits), 'limits');
  const hard = limits.readBigUInt64LE(8);
  const wanted = BigInt(most + grace);
  const known = hard === NO_LIMIT || wanted < hard ? wanted : hard;
  limits.writeBigUInt64LE(BigInt(most) < known ? BigInt(most) : known, 0);
  limits.writeBigUInt64LE(known, 8);
  checked(setLimit(what, limits), 'limits');
}

function dropCapabilities() {
  for (let capability = 0; capability < 64; capability += 1) {
    prctl(DROP_BOUNDING, capability, 0, 0, 0);
  }
  prctl(AMBIENT, CLEAR_AMBIENT, 0, 0, 0);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITY_VERSION);
  checked(capset(header, Buffer.alloc(24)), 'capabilities');
}

function enterLandlock(plan) {
  const { landlock: version } = plan;
  const since = [
    [2, REFER],
    [3, TRUNCATE],
    [5, IOCTL_DEVICE],
  ].filter(([first]) => version >= first);
  const rights = since.reduce((all, [, right]) => all | right, FIRST_RIGHTS);
  const attributes = [
    BigInt(rights),
    ...(version >= 4 ? [TCP_BIND_AND_CONNECT] : []),
    ...(version >= 6 ? [ABSTRACT_SOCKETS_AND_SIGNALS] : []),
  ];
  const packed = Buffer.alloc(8 * attributes.length);
  attributes.forEach((each, index) => {
    packed.writeBigUInt64LE(each, 8 * index);
  });
  const made = call(CREATE_RULESET, 'void *', packed, 'size_t', packed.length, 'uint32_t', 0);
  const rules = checked(made, 'Landlock');
  for (const [path, allowed] of allowedIn(plan, rights)) allow(rules, path, allowed & rights);
  checked(call(RESTRICT_SELF, 'int', rules, 'uint32_t', 0), 'Landlock');
  closeFd(rules);
}

/** Grants the same paths as walls.py does for a model of data. */
function* allowedIn({ read, write, execute = [] }, rights) {
  const installed = ['/usr', '/usr/local'].flatMap((prefix) =>
    known.installed.map((part) => `${prefix}/${part}`),
  );
  const { system, certificates, openssl, loaders } = known;
  for (const path of [...installed, ...system, ...certificates, ...openssl]) yield [path, READ];
  for (const path of [...read, '/proc/self']) yield [path, READ];
  for (const path of [...execute, ...loaders]) yield [path, READ | EXECUTE];
  for (const path of write) yield [path, rights & ~(MAKE_DEVICES | EXECUTE)];
  yield ['/dev/null', READ_FILE | WRITE_FILE];
}

function allow(rules, path, allowed) {
  const beneath = openPath(path, O_PATH | O_CLOEXEC);
  // It does not exist on this machine.
  if (beneath < 0) return;
  const right = statSync(path).isDirectory() ? allowed : allowed & OF_FILES;
  const attributes = Buffer.alloc(12);
  attributes.writeBigUInt64LE(BigInt(right));
  attributes.writeInt32LE(beneath, 8);
  const added = call(ADD_RULE, 'int', rules, 'int', 1, 'void *', attributes, 'uint32_t', 0);
  checked(added, path);
  // A rule applies to the current inode, which the kernel only keeps while somebody holds it open.
  if (path === '/proc/self') fcntl(beneath, SET_FD, 'int', 0);
  else closeFd(beneath);
}

function enterSeccomp() {
  const instructions = [...filter(CALLS)];
  const code = Buffer.alloc(8 * instructions.length);
  instructions.forEach(([operation, ifTrue, ifFalse, value], index) => {
    code.writeUInt16LE(operation, 8 * index);
    code.writeUInt8(ifTrue, 8 * index + 2);
    code.writeUInt8(ifFalse, 8 * index + 3);
    code.writeUInt32LE(value, 8 * index + 4);
  });
  const program = Buffer.alloc(16);
  program.writeUInt16LE(instructions.length);
  program.writeBigUInt64LE(koffi.address(code), 8);
  const at = koffi.address(program);
  checked(prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), 'no new privileges');
  checked(prctl(SECCOMP, FILTER, at, 0, 0), 'seccomp');
  return true;
}

const [LOAD, AND, RETURN, IF_EQUAL, IF_AT_LEAST, IF_ANY] = [0x20, 0x54, 0x06, 0x15, 0x35, 0x45];
const [GO_ON, KILL, ERROR] = [0x7fff0000, 0x80000000, 0x00050000];
const [NUMBER, PROCESSOR] = [0, 4];

/** The filter of walls.py for a process without a network that does not listen. */
function* filter(calls) {
  const refuse = [RETURN, 0, 0, ERROR | EACCES];
  yield [LOAD, 0, 0, PROCESSOR];
  yield [IF_EQUAL, 1, 0, calls.audit];
  yield [RETURN, 0, 0, KILL];
  yield [LOAD, 0, 0, NUMBER];
  yield [IF_AT_LEAST, 0, 1, 0x40000000];
  yield refuse;
  for (const number of calls.refused) {
    yield [IF_EQUAL, 0, 1, number];
    yield [RETURN, 0, 0, ERROR | EPERM];
  }
  yield [IF_EQUAL, 0, 1, calls.clone3];
  yield [RETURN, 0, 0, ERROR | ENOSYS];
  yield* ifArgument(calls.clone, 0, [IF_ANY, 0, 1, NEW_ANY]);
  yield* ifArgument(calls.prlimit64, 0, [IF_EQUAL, 1, 0, 0]);
  yield* ifArgument(calls.sched_setaffinity, 0, [IF_EQUAL, 1, 0, 0], { answer: 0 });
  const shared = { mask: SHARED_WITHOUT_FILE };
  yield* ifArgument(calls.mmap, 3, [IF_EQUAL, 0, 1, SHARED_WITHOUT_FILE], shared);
  yield* ifArgument(calls.fcntl, 1, [IF_EQUAL, 0, 1, SET_LEASE]);
  for (const name of ['socket', 'connect', 'bind']) {
    yield [IF_EQUAL, 0, 1, calls[name]];
    yield refuse;
  }
  for (const [name, flags] of Object.entries({ sendto: 3, sendmsg: 2, sendmmsg: 3 })) {
    yield* ifArgument(calls[name], flags, [IF_ANY, 0, 1, FAST_OPEN]);
  }
  yield* ifArgument(calls.socketpair, 1, [IF_EQUAL, 0, 1, DATAGRAMS], { mask: 0xf });
  yield [RETURN, 0, 0, GO_ON];
}

function* ifArgument(number, index, test, { mask = 0xffffffff, answer = EACCES } = {}) {
  yield [IF_EQUAL, 0, 5, number];
  yield [LOAD, 0, 0, 16 + 8 * index];
  yield [AND, 0, 0, mask];
  yield test;
  yield [RETURN, 0, 0, ERROR | answer];
  yield [RETURN, 0, 0, GO_ON];
}

const [, , program, ...given] = argv;
if (program === '--look') {
  writeSync(1, `${JSON.stringify(look(given))}\n`);
  endNow(0);
} else {
  try {
    const plan = JSON.parse(env.SLIPWAY_WALLS);
    delete env.SLIPWAY_WALLS;
    enter(plan);
    execve(program, [program, ...given], { ...env });
  } catch (error) {
    writeSync(2, `the walls around the model cannot be set: ${error.message}\n`);
    endNow(2);
  }
}
