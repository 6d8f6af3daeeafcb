import { dirname, sep } from 'node:path';
import { Failure } from '#domain/failure.ts';

/** A unit of systemd and the file by which systemd-sysusers makes its user, as texts. */
export type ServiceFiles = { readonly unit: string; readonly sysusers: string };

type Service = {
  /** The Node that runs it, and Slipway's own script, as absolute paths. */
  readonly node: string;
  readonly script: string;
  /** The options of `slipway start`, without `--data`. */
  readonly options: readonly string[];
};

/** The user and the group of the service. */
export const SERVICE_USER = 'slipway';

/** The data folder of the service. */
export const SERVICE_DATA = '/var/lib/slipway';

// `ProtectHome=` closes them to the service.
const CLOSED: readonly string[] = ['/home', '/root', '/run/user'];

/**
 * The unit that runs `slipway start` as a user of its own.
 * Fails with `InputInvalid` where Node or Slipway lie in a home folder, which the unit closes, and for an option that no line of a unit can hold.
 */
export function serviceFiles({ node, script, options }: Service): ServiceFiles {
  for (const path of [node, script]) requireOutsideHomes(path);
  const command = [node, script, 'start', '--data', SERVICE_DATA, ...options].map(quoted).join(' ');
  return {
    unit: UNIT.replace('COMMAND', () => command).replace('PATH_OF_NODE', () => dirname(node)),
    sysusers: `u ${SERVICE_USER} - "Slipway" ${SERVICE_DATA} /usr/sbin/nologin\n`,
  };
}

/**
 * Each line of hardening leaves the walls around models standing. They need namespaces of users, mounts, IPC and the network, Landlock, and a write to their own namespace's /proc/sys/user/max_user_namespaces (`walls.py`).
 * So these are missing: `ProtectKernelTunables=` and `ProcSubset=pid` (no /proc/sys), `MemoryDenyWriteExecute=` (V8 compiles), `RestrictNamespaces=yes`, and `@mount` among the forbidden calls. https://www.freedesktop.org/software/systemd/man/252/systemd.exec.html
 */
const UNIT = `[Unit]
Description=Slipway, which serves machine-learning models
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
User=${SERVICE_USER}
Group=${SERVICE_USER}
ExecStart=COMMAND
Environment=PATH=PATH_OF_NODE:/usr/local/bin:/usr/bin:/bin HOME=${SERVICE_DATA}
# SLIPWAY_WEBHOOK_SECRET and others that are no options.
EnvironmentFile=-/etc/slipway/environment
WorkingDirectory=${SERVICE_DATA}
StateDirectory=slipway
StateDirectoryMode=0700
UMask=0077
Restart=on-failure
RestartSec=2
# Options that are refused stay refused.
RestartPreventExitStatus=2
# Slipway ends its model servers by itself; what is left after that is killed.
KillMode=mixed
TimeoutStopSec=60
# The end of one model server by the kernel must not end the others.
OOMPolicy=continue
LimitNOFILE=65536

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
ProtectProc=invisible
KeyringMode=private
LockPersonality=yes
RemoveIPC=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
# The walls around models are made of these.
RestrictNamespaces=user mnt ipc net
SystemCallFilter=@system-service @mount
SystemCallFilter=landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;

function requireOutsideHomes(path: string): void {
  const home = CLOSED.find((folder) => path.startsWith(folder + sep));
  if (home === undefined) return;
  throw new Failure('InputInvalid', `${path} lies below ${home}, which the service cannot read`, {
    fix: 'Install Node and Slipway for all users, such as below /opt or /usr/local, and run the command from there.',
  });
}

/** One word of a command line in a unit. https://www.freedesktop.org/software/systemd/man/252/systemd.service.html#Command%20lines */
function quoted(word: string): string {
  if (/[\p{C}\u2028\u2029]/u.test(word)) {
    throw new Failure('InputInvalid', `no unit can hold the option ${JSON.stringify(word)}`);
  }
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[\w./:=,@%$+-]+$/.test(plain)) return plain;
  return `"${plain.replaceAll(/["\\]/g, '\\$&')}"`;
}
