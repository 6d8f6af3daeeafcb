import { droppedBy } from '#domain/artifact/dropped-by.ts';
import { objectCreated } from '#domain/workflow.ts';

const event = (detail: object) =>
  objectCreated.parse({
    detail: { bucket: { name: 'b' }, object: { key: 'models/a/a.onnx' }, ...detail },
  });

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
const S3 = {
  requester: '123456789012',
  'source-ip-address': '1.2.3.4',
  'request-id': 'N4N7GDK58NMKJ12R',
};
const SAID = { requester: '123456789012', address: '1.2.3.4', requestId: 'N4N7GDK58NMKJ12R' };
const ANN = 'arn:aws:iam::123456789012:user/ann';

it.each<[string, object, string | undefined, object | undefined]>([
  ['S3 tells of an account, an address and a request', S3, undefined, SAID],
  ['what an uploader says of itself stands apart', S3, ANN, { ...SAID, claims: ANN }],
  [
    'a service has no address',
    { requester: 's3.amazonaws.com', 'request-id': 'A' },
    undefined,
    { requester: 's3.amazonaws.com' },
  ],
  [
    'one machine tells of the owner',
    { requester: 'ann (uid 1001)', 'request-id': '0001' },
    undefined,
    { requester: 'ann (uid 1001)' },
  ],
  ['an event that the sweep makes leaves the claim', {}, ANN, { claims: ANN }],
  ['nothing is said of nobody', {}, undefined, undefined],
])('%s', (_, detail, claims, said) => {
  expect(droppedBy(event(detail), claims)).toEqual(said);
});
