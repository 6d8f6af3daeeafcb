import type { ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import type { AwsRule } from './rules.ts';

// Moto's own version ids are UUIDs, and those of AWS have 32 characters.
const VERSION_ID = /^([\w.-]{32}|[\da-f-]{36}|null)$/;

export const s3Rules: readonly AwsRule[] = [
  {
    name: 's3: a version id that S3 never gave is a bad request',
    service: 'S3',
    commands: ['HeadObject', 'GetObject'],
    source:
      'AWS’s answers as quoted in https://github.com/Seagate/cortx-s3server/pull/1724 and https://github.com/versity/versitygw/pull/1638',
    before({ command, input }) {
      const versionId = input['VersionId'];
      if (versionId === undefined || VERSION_ID.test(String(versionId))) return undefined;
      return command === 'HeadObject'
        ? { name: 'BadRequest', message: 'UnknownError', status: 400 }
        : { name: 'InvalidArgument', message: 'Invalid version id specified', status: 400 };
    },
  },
  {
    name: 's3: keys are listed percent-encoded on request',
    service: 'S3',
    commands: ['ListObjectVersions'],
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html',
    after({ input }, output: ListObjectVersionsCommandOutput) {
      if (input['EncodingType'] !== 'url') return undefined;
      const encoded = (key: string | undefined) =>
        key === undefined ? {} : { Key: encodeURIComponent(key).replaceAll('%20', '+') };
      const marker = encoded(output.NextKeyMarker).Key;
      return {
        ...output,
        EncodingType: 'url',
        Versions: output.Versions?.map((version) => ({ ...version, ...encoded(version.Key) })),
        ...(marker === undefined ? {} : { NextKeyMarker: marker }),
      };
    },
  },
];
