import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { requireAllowed } from '#operations/install/parameter-rules.ts';

const KEY = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  .publicKey.export({ type: 'spki', format: 'der' })
  .toString('base64');
const SIGNERS = 'public keys as `slipway signing-key` prints them, separated by commas';
const ORIGINS = 'at most 10 origins such as https://app.example, separated by commas';
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const check = (name: string, value: string) => requireAllowed(ROOT, new Map([[name, value]]));

describe('the parameters of a deploy', () => {
  it.each([
    ['stage', 'prod'],
    ['bakeSeconds', '0'],
    ['bakeSeconds', '3600'],
    ['requireApproval', 'true'],
    ['ownImages', 'named'],
    ['trustedSigners', ''],
    ['trustedSigners', KEY],
    ['trustedSigners', `${KEY},${KEY}`],
    ['uploaders', ''],
    ['uploaders', 'arn:aws:iam::111122223333:role/ci,arn:aws:iam::111122223333:user/ann'],
    ['requestsPerSecond', '50'],
    ['accessLog', 'off'],
    ['corsOrigins', ''],
    ['corsOrigins', 'https://app.example,http://localhost:3000'],
    ['promoterExternalId', ''],
    ['maxMonthlyUsd', '99.50'],
    ['team', 'Data Science'],
    // Parameters without a rule.
    ['email', 'a@example.com'],
    ['vllmImage', 'none'],
  ])('may be: %s %j', async (name, value) => {
    await expect(check(name, value)).resolves.toBeUndefined();
  });

  it.each([
    ['stage', 'Prod', 'a letter and at most 12 letters and digits, lower case'],
    ['stage', 'my-prod', 'a letter and at most 12 letters and digits, lower case'],
    ['bakeSeconds', '3601', 'a number from 0 to 3600'],
    ['bakeSeconds', '-1', 'a number from 0 to 3600'],
    ['bakeSeconds', 'soon', 'a number from 0 to 3600'],
    ['bakeSeconds', '', 'a number from 0 to 3600'],
    ['requireApproval', 'yes', 'one of auto, true, false'],
    ['trustedSigners', 'arn:aws:kms:us-east-1:111122223333:key/1a2b', SIGNERS],
    ['trustedSigners', `${KEY}, ${KEY}`, SIGNERS],
    ['corsOrigins', '*', ORIGINS],
    ['corsOrigins', 'https://app.example/', ORIGINS],
    ['corsOrigins', 'https://a"b', ORIGINS],
    ['corsOrigins', Array(11).fill('https://app.example').join(), ORIGINS],
    ['maxMonthlyUsd', '1e3', 'an amount such as 250 or 99.50, or unlimited'],
  ])('are refused before anything is made: %s %j', async (name, value, expected) => {
    await expect(check(name, value)).rejects.toMatchObject({
      name: 'InputInvalid',
      message: `${name} is \`${value}\`: nothing was deployed`,
      fix: `Give ${expected}.`,
    });
  });
});
