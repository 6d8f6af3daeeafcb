import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readPrices } from '#operations/install/read-prices.ts';

const ACCOUNT = { stage: 'test', profile: undefined, region: 'eu-central-1' };
const SETTINGS = {
  AWS_ENDPOINT_URL: '',
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
  AWS_MAX_ATTEMPTS: '1',
};

/** The words of a deploy whose Price List answers so, as does all else of AWS. */
async function said(answer: RequestListener, clock = { now: Date.now }): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const before = { ...process.env };
  const { port } = server.address() as AddressInfo;
  Object.assign(process.env, SETTINGS, { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
  try {
    return await readPrices(ACCOUNT, clock);
  } finally {
    process.env = before;
    server.closeAllConnections();
    server.close();
  }
}

describe('the prices at a deploy', () => {
  it('are the kept ones where the Price List is refused', async () => {
    const words = await said((_, response) => {
      response.writeHead(400, { 'x-amzn-errortype': 'AccessDeniedException' });
      response.end('{"message":"no permission"}');
    });

    expect(words).toMatch(
      /^the prices of eu-central-1 could not be read \(.*no permission.*\): those that were kept before hold, else the shipped ones/,
    );
  });

  it('fail no deploy where something else goes wrong, which has succeeded by then', async () => {
    const clock = {
      now: (): number => {
        throw new RangeError('Invalid time value');
      },
    };

    const words = await said((_, response) => response.end('{"PriceList":[]}'), clock);

    expect(words).toMatch(/could not be read \(.+\): those that were kept/);
  });
});
