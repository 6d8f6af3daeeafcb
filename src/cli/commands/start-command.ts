import { type Command, InvalidArgumentError, Option } from 'commander';
import { type LocalConfig, readLocalConfig } from '#compose/config.ts';
import { Failure } from '#domain/failure.ts';
import { USUAL_PORTS } from '#operations/usual-ports.ts';
import { type Common, collected, decimal, examples, integer, localCommand } from '../command.ts';
import { commandOutput } from '../output.ts';

type StartOptions = Common & {
  readonly engine: string;
  readonly demo?: boolean;
  readonly once?: boolean;
  readonly port?: number;
  readonly controlPort?: number;
  readonly s3Port?: number;
  readonly host?: string;
  readonly hostPort?: number;
  readonly hostControlPort?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly memory?: number;
  readonly maxReplicas?: number;
  readonly maxMonthlyUsd?: number;
  readonly allowedAccelerators?: readonly string[];
  readonly requireApproval?: boolean;
  readonly trustedSigner: readonly string[];
  readonly requestLog?: boolean;
  readonly beginAnew?: boolean;
  readonly codeWithoutWalls?: boolean;
  readonly corsOrigin: readonly string[];
  readonly publicUrl?: string;
  readonly consoleUrl?: string;
  readonly allowedHost: readonly string[];
  readonly trustedProxy: readonly string[];
  readonly webhook: readonly string[];
  readonly oidcIssuer?: string;
  readonly oidcClientId?: string;
  readonly oidcClaim?: string;
  readonly oidcScope: readonly string[];
  readonly oidcGrant: readonly string[];
};

/** Adds the command that starts Slipway itself on this machine; `run` does so. */
export function addStartCommand(
  program: Command,
  run: (options: StartOptions) => Promise<void> = startAsAsked,
): void {
  const command = localCommand(
    program,
    'start',
    'Starts Slipway on this machine: bucket folder, gateway and control API on 127.0.0.1.',
  );
  addCaps(command)
    .option('--demo', 'deploy the demo model, call it and print its answer')
    .option('--once', 'with --demo: stop after the answer; exit 0 only if it is correct')
    .addOption(
      new Option(
        '--engine <engine>',
        'how models run: as processes, or as containers of images built here',
      )
        .choices(['process', 'docker'])
        .default('process'),
    )
    .option('--port <n>', `the gateway's port (default: ${usual('gateway')})`, integer)
    .option('--control-port <n>', `the control API's port (default: ${usual('control')})`, integer)
    .option(
      '--s3-port <n>',
      "opens the bucket's S3 API on this port; without it the first key that `slipway keys create` makes opens it",
      integer,
    )
    .option(
      '--host <address>',
      'lets callers on other machines reach the models at this address (0.0.0.0 is every address), with keys that `slipway keys create --calls` makes',
    )
    .option('--host-port <n>', `the port for them (default: ${usual('others')})`, integer)
    .option(
      '--host-control-port <n>',
      'with --host: opens the control API on this port too, for keys with roles; by TLS, or to a trusted proxy',
      integer,
    )
    .option(
      '--tls-cert <file>',
      'with --host: the certificate in PEM, with its chain; read again when it changes',
    )
    .option('--tls-key <file>', 'the private key of the certificate, in PEM')
    .option(
      '--memory <mib>',
      "how much memory all model servers may hold together (default: three quarters of the machine's)",
      integer,
    )
    .option(
      '--require-approval',
      'a promotion to here goes live only after a person has approved it',
    )
    .option(
      '--trusted-signer <key>',
      'take only promotions that this key has signed, as `slipway signing-key` prints it; may be repeated',
      collected,
      [],
    )
    .option(
      '--begin-anew',
      'make a new registry if that of the data folder is lost, and forget all earlier versions',
    )
    .option(
      '--code-without-walls',
      'load models in Python even if this machine cannot set walls around them (docs/security.md)',
    )
    .option('--request-log', 'log each request to requests.ndjson, one JSON object per line')
    .option(
      '--cors-origin <origin>',
      'an origin whose pages may call models from a browser; may be repeated',
      collected,
      [],
    )
    .option(
      '--allowed-host <name>',
      'a name of this machine that a reverse proxy passes on in the Host header; may be repeated',
      collected,
      [],
    )
    .option(
      '--trusted-proxy <address>',
      'an address or a network, such as 10.0.0.0/8, of proxies whose Forwarded and X-Forwarded-* headers are believed, besides those of this machine; may be repeated',
      collected,
      [],
    )
    .option(
      '--public-url <url>',
      'the address at which a reverse proxy publishes the gateway, such as https://models.example/ml',
    )
    .option(
      '--console-url <url>',
      'the address at which a reverse proxy publishes the console, with another host name or port than the models',
    )
    .option(
      '--oidc-issuer <url>',
      'with --host-control-port: the identity provider (OpenID Connect) at which people sign in for the console at --console-url; the secret of the client is in SLIPWAY_OIDC_CLIENT_SECRET',
    )
    .option('--oidc-client-id <id>', 'this Slipway as the identity provider knows it')
    .option(
      '--oidc-grant <group=roles:models>',
      'what the members of a group may do: ml-team-a=see,drop,promote:team-a-*; may be repeated',
      collected,
      [],
    )
    .option('--oidc-claim <name>', 'the claim that names the groups of a person (default: groups)')
    .option(
      '--oidc-scope <name>',
      'a scope to ask for besides openid, email and profile; may be repeated',
      collected,
      [],
    )
    .option(
      '--webhook <url>',
      'the address to which each event is posted, signed with SLIPWAY_WEBHOOK_SECRET; may be repeated',
      collected,
      [],
    )
    .addHelpText(
      'after',
      examples('slipway start --demo --once', 'slipway start --data /srv/slipway --port 9000'),
    )
    .action(run);
}

function usual(which: keyof typeof USUAL_PORTS): string {
  return `${USUAL_PORTS[which]}, or the next free one`;
}

function usd(text: string): number {
  const value = decimal(text);
  if (value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Give an amount of USD, such as 99.50.');
}

function addCaps(command: Command): Command {
  return command
    .option('--max-replicas <n>', "how many replicas a model's manifest may ask for", integer)
    .option(
      '--allowed-accelerators <names>',
      "which GPUs a model's manifest may ask for, separated by commas; `none` for none",
      accelerators,
    )
    .option(
      '--max-monthly-usd <usd>',
      'the most that a model may cost a month on AWS, by its replicas and by the requests that it gets',
      usd,
    );
}

/** The configuration that the options say. Fails with `InputInvalid` for options that are wrong, or do not go together. */
export function readStartOptions(options: StartOptions): LocalConfig {
  if (options.once && !options.demo) {
    throw new Failure(
      'InputInvalid',
      '--once stops after the answer of the demo, and there is no --demo',
      {
        fix: 'Add --demo, or omit --once: then Slipway serves until Ctrl-C.',
      },
    );
  }
  return readLocalConfig({
    dataDir: options.data,
    engine: options.engine,
    gatewayPort: options.port,
    controlPort: options.controlPort,
    s3Port: options.s3Port,
    othersHost: options.host,
    othersPort: options.hostPort,
    othersControlPort: options.hostControlPort,
    tlsCert: options.tlsCert,
    tlsKey: options.tlsKey,
    memoryMiB: options.memory,
    maxReplicas: options.maxReplicas,
    maxMonthlyUsd: options.maxMonthlyUsd,
    allowedAccelerators: options.allowedAccelerators,
    requireApproval: options.requireApproval ?? false,
    trustedSigners: options.trustedSigner,
    requestLog: options.requestLog ?? false,
    beginAnew: options.beginAnew ?? false,
    codeWithoutWalls: options.codeWithoutWalls ?? false,
    corsOrigins: options.corsOrigin,
    allowedHosts: options.allowedHost,
    trustedProxies: options.trustedProxy,
    publicUrl: options.publicUrl,
    consoleUrl: options.consoleUrl,
    oidcIssuer: options.oidcIssuer,
    oidcClientId: options.oidcClientId,
    oidcClientSecret: process.env['SLIPWAY_OIDC_CLIENT_SECRET'] || undefined,
    oidcClaim: options.oidcClaim,
    oidcScopes: options.oidcScope,
    oidcGrants: options.oidcGrant,
    webhooks: options.webhook,
    webhookSecret: process.env['SLIPWAY_WEBHOOK_SECRET'],
  });
}

async function startAsAsked(options: StartOptions): Promise<void> {
  const config = readStartOptions(options);
  const { wallsForStart } = await import('#operations/watch/machine-walls.ts');
  const walls = config.engine === 'process' ? wallsForStart(config.dataDir) : undefined;
  // Loaded lazily: it loads everything that runs models, which the other commands do not need.
  const { start } = await import('../start.ts');
  const isRight = await start({
    config,
    demo: options.demo ?? false,
    once: options.once ?? false,
    output: commandOutput(options),
    walls,
  });
  process.exitCode = isRight ? 0 : 1;
}

function accelerators(text: string): readonly string[] {
  return text === 'none' ? [] : text.split(',').map((name) => name.trim());
}
