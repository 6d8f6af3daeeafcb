import { accountOf, type Place, requireHere } from './command.ts';

/** The public key by which a stage or a folder of this machine signs what it releases, and its fingerprint. */
export async function signingKey(place: Place) {
  const { fingerprintOf, folderKey } = await import('#operations/signing/release-signing.ts');
  requireHere(place);
  const account = accountOf(place);
  const publicKey = account
    ? await ofStage(account)
    : await (await folderKey(place.data)).publicKey();
  return { publicKey, fingerprint: fingerprintOf(publicKey) };
}

async function ofStage(account: NonNullable<ReturnType<typeof accountOf>>): Promise<string> {
  const { stagePublicKey } = await import('#operations/account/release-key.ts');
  return stagePublicKey(account);
}
