import { s3Rules } from '../aws/rules/s3.ts';
import { ruled } from './ruled.ts';

const KEY = 'a b\u0001é';
const ENCODED = 'a+b%01%C3%A9';

describe('the version of an object', () => {
  it.each([
    ['HeadObject', undefined, undefined],
    ['HeadObject', 'a.b-c_d.'.repeat(4), undefined],
    ['HeadObject', 'never', 'BadRequest'],
    ['GetObject', 'null', undefined],
    ['GetObject', 'never', 'InvalidArgument'],
  ])('asked by %s as %s is %s', async (command, VersionId, outcome) => {
    expect(await ruled(s3Rules, `S3.${command}`, { VersionId })).toBe(outcome);
  });
});

describe('a list of versions', () => {
  const list = (input: object, output: object) =>
    ruled(s3Rules, 'S3.ListObjectVersions', input, { output });
  const Versions = [{ Key: KEY, VersionId: '1' }, { VersionId: '2' }];

  it('has its keys as they are where nothing else is asked for', async () => {
    expect(await list({}, { Versions })).toBeUndefined();
  });

  it('has its keys encoded on request, and the one that it goes on from', async () => {
    const output = { Versions, NextKeyMarker: KEY, IsTruncated: true };

    expect(await list({ EncodingType: 'url' }, output)).toStrictEqual({
      EncodingType: 'url',
      IsTruncated: true,
      NextKeyMarker: ENCODED,
      Versions: [{ Key: ENCODED, VersionId: '1' }, { VersionId: '2' }],
    });
  });

  it('goes on from nowhere where it is whole, or empty', async () => {
    expect(await list({ EncodingType: 'url' }, {})).toStrictEqual({
      EncodingType: 'url',
      Versions: undefined,
    });
  });
});
