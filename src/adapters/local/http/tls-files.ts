import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { Failure } from '#domain/failure.ts';
import type { Clock } from '#ports/clock.ts';

/** A certificate, with its chain, and its private key, in PEM. */
export type TlsPair = { readonly cert: string; readonly key: string };

/** The certificate of this machine and its key, as files that another program renews. */
export type TlsFiles = {
  /** The pair that is used now. */
  current(): TlsPair;
  /** Calls `use` with each pair that takes the place of the one before. */
  follow(use: (pair: TlsPair) => void): void;
  /** Reads the files again. A pair that cannot be used is reported when two looks have found the same: programs write one file after the other. */
  look(): void;
};

type Options = {
  readonly certPath: string;
  readonly keyPath: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly onProblem: (error: unknown) => void;
};

/** Reads both files. Fails with `InputInvalid` where one cannot be read, they do not belong together, or the certificate has expired. */
export function tlsFiles({ certPath, keyPath, clock, onProblem }: Options): TlsFiles {
  const users: ((pair: TlsPair) => void)[] = [];
  let current = usablePair(certPath, keyPath, clock.now());
  let failed = '';
  let toldOf = '';

  function look(): void {
    try {
      const found = usablePair(certPath, keyPath, clock.now());
      failed = '';
      toldOf = '';
      if (found.cert === current.cert && found.key === current.key) return;
      current = found;
      for (const use of users) use(found);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message === failed && message !== toldOf) {
        toldOf = message;
        onProblem(error);
      }
      failed = message;
    }
  }

  return { current: () => current, follow: (use) => void users.push(use), look };
}

const FIX = 'Name the files of a valid certificate by --tls-cert and --tls-key.';

function usablePair(certPath: string, keyPath: string, nowMs: number): TlsPair {
  const cert = textOf('--tls-cert', certPath);
  const key = textOf('--tls-key', keyPath);
  const certificate = parsed(`--tls-cert ${certPath} is not a certificate in PEM`, () => {
    return new X509Certificate(cert);
  });
  const privateKey = parsed(
    `--tls-key ${keyPath} is not a private key in PEM without a passphrase`,
    () => createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Failure('InputInvalid', `${keyPath} is not the key of the certificate ${certPath}`, {
      fix: FIX,
    });
  }
  if (Date.parse(certificate.validTo) <= nowMs) {
    throw new Failure(
      'InputInvalid',
      `the certificate ${certPath} expired at ${new Date(certificate.validTo).toISOString()}`,
      { fix: 'Renew it; Slipway takes the new files by itself.' },
    );
  }
  return { cert, key };
}

function textOf(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure('InputInvalid', `${option} ${path} cannot be read (${errorCode(cause)})`, {
      cause,
      fix: 'Name a file that the user who runs Slipway may read.',
    });
  }
}

function parsed<Value>(problem: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    throw new Failure('InputInvalid', problem, { cause, fix: FIX });
  }
}
