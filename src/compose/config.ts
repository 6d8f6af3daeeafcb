import { isIP } from 'node:net';
import * as z from 'zod/mini';
import { isNetwork } from '#adapters/local/gateway/forwarded.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';
import { type GroupGrant, readGroupGrant } from '#domain/grant.ts';
import { requireAccelerators } from '#domain/placement/accelerators.ts';
import { namesSigners } from '#operations/signing/release-signing.ts';

const WEBHOOK_SECRET = /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/;

// `fetch` refuses a URL with a user name or password in it.
const webhook = z.string().check(
  z.refine((text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password;
  }, 'expected an http or https URL without a user'),
);

// In the form browsers send it, for an exact comparison.
const origin = z
  .string()
  .check(
    z.refine(
      (text) => text !== 'null' && URL.parse(text)?.origin === text,
      'expected an origin such as https://app.example or http://localhost:3000',
    ),
  );

/** Where a proxy in front publishes something: an address without a slash at its end. */
const published = z.string().check(
  z.refine(
    (text) => URL_OF_PROXY.test(text) && URL.canParse(text),
    'expected an address such as https://models.example/ml',
  ),
  z.overwrite((text) => text.replace(/\/$/, '')),
);
const URL_OF_PROXY = /^https?:\/\/[^\s/?#@\\]+(\/[\w.~/-]*)?$/;

// As URLs have it, for an exact comparison.
const hostName = z
  .string()
  .check(
    z.refine(
      (text) => URL.parse(`http://${text}/`)?.host === text && !text.includes(':'),
      'expected a name such as models.example, without a port',
    ),
  );

const network = z
  .string()
  .check(
    z.refine(isNetwork, 'expected an address such as 10.0.0.5, or a network such as 10.0.0.0/8'),
  );

// An empty one, as of a variable that is not set, would have every release taken.
const signer = z
  .string()
  .check(z.refine(namesSigners, 'expected a key as `slipway signing-key` prints it'));

// A name would have to be looked up, and may stand for several addresses.
const address = z
  .string()
  .check(z.refine((text) => isIP(text) !== 0, 'expected an IP address such as 0.0.0.0'));

// A sign-in sends codes and tokens to it.
const providerUrl = z.string().check(
  z.refine((text) => {
    const url = URL.parse(text);
    if (url === null || url.username || url.password || url.search || url.hash) return false;
    return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  }, 'expected an https URL such as https://login.example'),
);

/** As a browser has them in a URL. */
function isLoopback(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

const groupGrant = z.string().check(z.refine(grantsSomething, 'expected GROUP=ROLES:MODELS'));

const file = z.string().check(z.minLength(1, 'expected the path of a file'));

const PORT = { error: 'expected a port from 0 to 65535' };
const port = z.int(PORT).check(z.gte(0, PORT), z.lte(65535, PORT));
// Node runs at once what is to wait for longer than 24.8 days.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const seconds = z.int().check(z.positive(), z.lte(Math.floor(LONGEST_TIMER_MS / 1000)));
const milliseconds = z.int().check(z.gte(0), z.lte(LONGEST_TIMER_MS));
const MEMORY = { error: 'expected a whole number of MiB, of at least 1' };
const USD = { error: 'expected an amount of USD, such as 99.50' };
const REPLICAS = { error: 'expected a whole number of at least 1' };

/** The options of `slipway start` that are not called as their entry is. */
const OPTIONS: Readonly<Record<string, string>> = {
  gatewayPort: '--port',
  controlPort: '--control-port',
  s3Port: '--s3-port',
  othersHost: '--host',
  othersPort: '--host-port',
  othersControlPort: '--host-control-port',
  tlsCert: '--tls-cert',
  tlsKey: '--tls-key',
  memoryMiB: '--memory',
  maxReplicas: '--max-replicas',
  maxMonthlyUsd: '--max-monthly-usd',
  corsOrigins: '--cors-origin',
  allowedHosts: '--allowed-host',
  trustedProxies: '--trusted-proxy',
  publicUrl: '--public-url',
  consoleUrl: '--console-url',
  oidcIssuer: '--oidc-issuer',
  oidcClientId: '--oidc-client-id',
  oidcClaim: '--oidc-claim',
  oidcScopes: '--oidc-scope',
  oidcGrants: '--oidc-grant',
  webhooks: '--webhook',
  trustedSigners: '--trusted-signer',
};

/**
 * The configuration of a Slipway on one machine. A port that is named is taken or the start fails (0: any free one); without it the first free one from the usual one on is taken.
 * `s3Port`: opens the S3 API there; without it the API opens with the first of its keys.
 * `othersHost`: the address at which callers on other machines reach the models, with keys; `othersPort`: its port. `othersControlPort`: the port at which the control API answers them too, where one is named. `tlsCert` and `tlsKey`: the files of the certificate for both, read again when they change.
 * `beginAnew`: makes a new registry where the one of the folder's objects is lost.
 * `codeWithoutWalls`: models that Python loads are served also where the machine has no walls to put around that.
 * `engine`: models run as processes, or as containers of images built on this machine.
 * `scrubBytesPerSecond`: how fast the objects are read in the background to see that they still have their bytes; 0 for never.
 * Times carry their units; `maxInstances` bounds the processes of one revision.
 * `maxReplicas` and `allowedAccelerators` (names of GPUs, none if empty) cap what a manifest may ask for, and `maxMonthlyUsd` what a model would cost on AWS.
 * `requireApproval`: a promotion goes live only once a person has approved it. `trustedSigners`: the public keys of which one has to have signed it; without any an unsigned one is taken.
 * `requestLog`: the gateway logs each request. Pages of `corsOrigins` may call models. `allowedHosts` are names of this machine beside its own, which a reverse proxy hands on. `trustedProxies` are addresses and networks of proxies whose `Forwarded` and `X-Forwarded-*` headers are believed; a proxy on this machine always is. `publicUrl` and `consoleUrl`: where one publishes the gateway and the console, each with an origin of its own.
 * `oidcIssuer`, `oidcClientId`, `oidcClientSecret`: the identity provider at which people sign in for the console at `consoleUrl`, and this Slipway as its client. `oidcGrants` says what the members of the groups in `oidcClaim` may do; `oidcScopes` are asked for besides those of every sign-in.
 * `memoryMiB`: the most that all model servers are to hold together; three quarters of the machine's by default.
 * Events are posted to `webhooks`, signed with `webhookSecret`: `whsec_` and 24 to 64 bytes in base64, as in Standard Webhooks.
 */
const localConfig = z.strictObject({
  dataDir: z._default(z.string(), '.slipway'),
  beginAnew: z._default(z.boolean(), false),
  codeWithoutWalls: z._default(z.boolean(), false),
  engine: z._default(z.enum(['process', 'docker']), 'process'),
  host: z._default(z.enum(['127.0.0.1', '::1']), '127.0.0.1'),
  gatewayPort: z.optional(port),
  controlPort: z.optional(port),
  s3Port: z.optional(port),
  othersHost: z.optional(address),
  othersPort: z.optional(port),
  othersControlPort: z.optional(port),
  tlsCert: z.optional(file),
  tlsKey: z.optional(file),
  sweepSeconds: z._default(seconds, 60),
  bakeSeconds: z._default(z.int().check(z.gte(0), z.lte(3600)), 2),
  describeWaitMs: z._default(milliseconds, 10_000),
  maxObjectBytes: z._default(z.int().check(z.positive()), limits.imageUncompressedMaxBytes),
  scrubBytesPerSecond: z._default(z.int().check(z.gte(0)), 8 * 2 ** 20),
  maxInstances: z._default(z.int().check(z.positive()), 4),
  memoryMiB: z.optional(z.int(MEMORY).check(z.positive(MEMORY))),
  maxReplicas: z.optional(z.int(REPLICAS).check(z.positive(REPLICAS))),
  maxMonthlyUsd: z.optional(z.number(USD).check(z.gte(0, USD))),
  allowedAccelerators: z.optional(z.array(z.string().check(z.minLength(1)))),
  idleSeconds: z._default(seconds, 300),
  requestTimeoutMs: z._default(
    milliseconds.check(z.positive()),
    limits.requestTimeoutSeconds * 1000,
  ),
  requireApproval: z._default(z.boolean(), false),
  trustedSigners: z._default(z.array(signer), []),
  requestLog: z._default(z.boolean(), false),
  corsOrigins: z._default(z.array(origin), []),
  allowedHosts: z._default(z.array(hostName), []),
  trustedProxies: z._default(z.array(network), []),
  publicUrl: z.optional(published),
  consoleUrl: z.optional(published),
  oidcIssuer: z.optional(providerUrl),
  oidcClientId: z.optional(z.string().check(z.minLength(1))),
  oidcClientSecret: z.optional(z.string().check(z.minLength(1))),
  oidcClaim: z._default(z.string().check(z.minLength(1)), 'groups'),
  oidcScopes: z._default(z.array(z.string().check(z.regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/))), []),
  oidcGrants: z._default(z.array(groupGrant), []),
  webhooks: z._default(z.array(webhook), []),
  webhookSecret: z.optional(
    z
      .string()
      .check(
        z.regex(
          WEBHOOK_SECRET,
          'SLIPWAY_WEBHOOK_SECRET must be `whsec_` followed by 24 to 64 bytes in base64',
        ),
      ),
  ),
});

export type LocalConfig = z.infer<typeof localConfig>;

/** Parses an entry point's flags and environment. Fails with `InputInvalid`, which names the entry, for an unknown or invalid one. */
export function readLocalConfig(values: Readonly<Record<string, unknown>>): LocalConfig {
  const parsed = localConfig.safeParse(values, { error: z.locales.en().localeError });
  if (parsed.success) {
    requireAccelerators('--allowed-accelerators', parsed.data.allowedAccelerators ?? []);
    return requireSignIn(
      requireHost(requireTwoOrigins(requireTwoPorts(requireSecret(parsed.data)))),
    );
  }
  const problems = parsed.error.issues.map(({ path, message }) => {
    const [entry = '', ...inner] = path.map(String);
    const name = OPTIONS[entry];
    return name
      ? `${name} ${shown(values[entry], inner)}: ${message}`
      : `${[entry, ...inner].filter(Boolean).join('.')}: ${message}`;
  });
  throw new Failure('InputInvalid', `the configuration is wrong: ${problems.join('; ')}`, {
    fix: 'See `slipway start --help`.',
  });
}

/** The given URL, or the wrong one of several, without its user and password. */
function shown(given: unknown, [index]: readonly string[]): string {
  const value = String(Array.isArray(given) ? given[Number(index)] : given);
  return value.replace(/\/\/[^/]*@/, '//…@');
}

/** The ports that the configuration names, by their options. */
export function portsOf(config: LocalConfig) {
  const { gatewayPort, controlPort, s3Port, othersPort, othersControlPort } = config;
  return {
    '--port': gatewayPort,
    '--control-port': controlPort,
    '--s3-port': s3Port,
    '--host-port': othersPort,
    '--host-control-port': othersControlPort,
  };
}

function requireTwoPorts(config: LocalConfig): LocalConfig {
  const ports = portsOf(config);
  const named = Object.entries(ports).filter(([, port]) => port);
  const [option, port] =
    named.find(([, one], index) => named.slice(0, index).some(([, other]) => one === other)) ?? [];
  if (option === undefined) return config;
  const [first] = named.find(([, other]) => other === port) ?? [];
  throw new Failure(
    'InputInvalid',
    `${first} and ${option} are both ${port}, and one port has one of them`,
    { fix: 'Give two ports, or leave one out.' },
  );
}

function requireSecret(config: LocalConfig): LocalConfig {
  if (config.webhooks.length === 0 || config.webhookSecret !== undefined) return config;
  throw new Failure('InputInvalid', 'a webhook needs a secret to sign with', {
    fix: 'Set it in SLIPWAY_WEBHOOK_SECRET; make one with `echo whsec_$(openssl rand -base64 32)`.',
  });
}

/** A page of a model could do at the console's own origin what the console may do. */
function requireTwoOrigins(config: LocalConfig): LocalConfig {
  const { publicUrl, consoleUrl } = config;
  if (!publicUrl || !consoleUrl) return config;
  const { origin } = new URL(consoleUrl);
  if (new URL(publicUrl).origin !== origin) return config;
  throw new Failure(
    'InputInvalid',
    `--console-url and --public-url have the same origin, ${origin}: the page of a model could use the console`,
    { fix: 'Publish the console by another host name, or on another port.' },
  );
}

/** The options that say how other machines reach this one mean nothing where they do not. */
function requireHost(config: LocalConfig): LocalConfig {
  const { othersHost, othersControlPort, tlsCert, tlsKey } = config;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new Failure('InputInvalid', '--tls-cert and --tls-key belong together', {
      fix: 'Give both files, or neither.',
    });
  }
  if (othersHost !== undefined) return config;
  const option = othersControlPort === undefined ? '--tls-cert' : '--host-control-port';
  if (othersControlPort === undefined && tlsCert === undefined) return config;
  throw new Failure('InputInvalid', `${option} is for other machines, and there is no --host`, {
    fix: 'Add --host with the address at which they reach this one, such as 0.0.0.0.',
  });
}

/** How people sign in at the console; undefined where they do not. */
export function signInSettings(config: LocalConfig): SignInSettings | undefined {
  const { oidcIssuer: issuer, oidcClientId: clientId, consoleUrl } = config;
  if (issuer === undefined || clientId === undefined || consoleUrl === undefined) return undefined;
  return {
    issuer,
    clientId,
    clientSecret: config.oidcClientSecret,
    consoleUrl,
    claim: config.oidcClaim,
    scopes: [...new Set(['email', 'profile', ...config.oidcScopes])],
    grants: config.oidcGrants.map(readGroupGrant),
  };
}

export type SignInSettings = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly consoleUrl: string;
  readonly claim: string;
  readonly scopes: readonly string[];
  readonly grants: readonly GroupGrant[];
};

/** The options that have people sign in need each other. */
function requireSignIn(config: LocalConfig): LocalConfig {
  const { oidcIssuer, oidcClientId, oidcGrants, othersControlPort, consoleUrl } = config;
  if (oidcIssuer === undefined && oidcClientId === undefined && oidcGrants.length === 0) {
    return config;
  }
  const needed = {
    '--oidc-issuer': oidcIssuer,
    '--oidc-client-id': oidcClientId,
    '--oidc-grant': oidcGrants[0],
    '--host-control-port': othersControlPort,
    '--console-url': consoleUrl,
  };
  const missing = Object.entries(needed).filter(([, value]) => value === undefined);
  if (missing.length > 0) {
    throw new Failure(
      'InputInvalid',
      `people cannot sign in without ${missing.map(([option]) => option).join(', ')}`,
      { fix: 'docs/server.md has an example of all options of a sign-in.' },
    );
  }
  const { protocol, hostname } = new URL(consoleUrl ?? '');
  if (protocol === 'https:' || isLoopback(hostname)) return config;
  throw new Failure(
    'InputInvalid',
    `--console-url ${consoleUrl} is plain HTTP, in which a sign-in can be read`,
    {
      fix: 'Give the https address of the control API for other machines, or of a proxy in front of it.',
    },
  );
}

function grantsSomething(text: string): boolean {
  try {
    readGroupGrant(text);
    return true;
  } catch {
    return false;
  }
}
