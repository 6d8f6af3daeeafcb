import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { parseJson } from '#domain/parse-json.ts';
import { ownKey } from '#operations/signing/own-key.ts';

export const FORMAT = 'slipway-evidence/1';

const act = z.strictObject({
  act: z.string(),
  isDone: z.boolean(),
  said: z.string(),
  seconds: z.number(),
});

/** One act of a proof, and how it ended; `said` is empty where there is nothing to say. */
export type Act = Readonly<z.infer<typeof act>>;

const finding = z.strictObject({
  row: z.string(),
  verdict: z.enum(['as written', 'otherwise', 'not seen']),
  what: z.string(),
});

/** The result of a look at a row of docs/aws-evidence.md. `not seen` says nothing about AWS: the look was impossible, or nothing happened that would have shown it. */
export type Finding = Readonly<z.infer<typeof finding>>;

const evidence = z.strictObject({
  format: z.literal(FORMAT),
  slipway: z.string(),
  region: z.string(),
  beganAt: z.iso.datetime(),
  seconds: z.number(),
  acts: z.readonly(z.array(act)),
  findings: z.readonly(z.array(finding)),
  requests: z.strictObject({ sent: z.int(), lost: z.int() }),
  leftovers: z.readonly(z.array(z.string())),
});

const signedEvidence = z.strictObject({
  evidence,
  /** Ed25519, SPKI in base64. */
  publicKey: z.string(),
  /** The signature of the JSON of `evidence`, without spaces, in base64. */
  signature: z.string(),
});

/** The findings of a run of `slipway prove`. They name no account, no person and no machine. */
export type Evidence = z.infer<typeof evidence>;

/** Evidence, and the key that signed it: `fingerprint` is the SHA-256 of the key, in hexadecimal. */
export type Read = { readonly evidence: Evidence; readonly fingerprint: string };

/** The text of an evidence file: JSON, signed with the key. */
export function signed(given: Evidence, privateKey: KeyObject): string {
  // The reader's schema has the same order of fields.
  const seen = evidence.parse(given);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const signature = sign(null, bytesOf(seen), privateKey);
  const file: z.infer<typeof signedEvidence> = {
    evidence: seen,
    publicKey: publicKey.toString('base64'),
    signature: signature.toString('base64'),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Reads an evidence file. Fails with `InputInvalid` where it is not one, or where a byte of its content differs from the signed bytes. */
export function readSigned(text: string): Read {
  const parsed = signedEvidence.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new Failure(
      'InputInvalid',
      `this is not a file of \`slipway prove\`: ${firstOf(parsed)}`,
    );
  }
  const { publicKey, signature } = parsed.data;
  const der = Buffer.from(publicKey, 'base64');
  if (!isSigned(parsed.data.evidence, der, Buffer.from(signature, 'base64'))) {
    throw new Failure('InputInvalid', 'the evidence is not what was signed: it was changed', {
      fix: 'Ask who sent it for the file as `slipway prove` wrote it.',
    });
  }
  return { evidence: parsed.data.evidence, fingerprint: fingerprintOf(der) };
}

/** The user's own key, created when it is first needed, and readable by that user alone. */
export function evidenceKey(path: string): Promise<KeyObject> {
  return ownKey(path, () => generateKeyPairSync('ed25519').privateKey);
}

export function fingerprintOf(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex');
}

const bytesOf = (seen: Evidence) => Buffer.from(JSON.stringify(seen));

function isSigned(seen: Evidence, publicKey: Buffer, signature: Buffer): boolean {
  try {
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && verify(null, bytesOf(seen), key, signature);
  } catch {
    return false;
  }
}

function firstOf({ error }: { readonly error: z.core.$ZodError }): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.') || 'the file'}: ${issue?.message}`;
}
