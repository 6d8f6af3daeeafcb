import { render } from 'velocityjs';
import { PREFLIGHT_HEADERS, preflightTemplate } from '#adapters/aws/routes/preflight.ts';

const TEMPLATE = preflightTemplate(['https://app.example', 'http://localhost:3000']);

/** The answer of API Gateway to a request with these headers, by the template: an engine of Velocity stands for its own. */
function answered(sent: Readonly<Record<string, string>>) {
  const header: Record<string, string> = {};
  const context = { responseOverride: { header } };
  const input = { params: () => ({ header: { get: (name: string) => sent[name] ?? '' } }) };
  const body = render(TEMPLATE, { context, input }).trim();
  return { header, body };
}

describe('the answer to a preflight request in an account', () => {
  it.each([
    ['as HTTP/1.1 has them', { Origin: 'http://localhost:3000' }, 'Access-Control-Request-Headers'],
    ['as HTTP/2 has them', { origin: 'http://localhost:3000' }, 'access-control-request-headers'],
  ])('is that of the gateway of one machine, for headers %s', (_, origin, asking) => {
    expect(answered({ ...origin, [asking]: 'authorization, content-type' })).toEqual({
      header: {
        Vary: 'origin',
        'Access-Control-Allow-Origin': 'http://localhost:3000',
        'Access-Control-Allow-Methods': 'GET, HEAD, POST',
        'Access-Control-Allow-Headers': 'authorization, content-type',
        'Access-Control-Max-Age': '86400',
      },
      body: '',
    });
  });

  it.each([
    ['of another origin', { Origin: 'https://other.example' }],
    ['of an origin that begins like a listed one', { Origin: 'https://app.example.evil' }],
    ['of a page without an origin', { Origin: 'null' }],
    ['without an origin', {}],
  ])('allows nothing to a request %s', (_, sent) => {
    expect(answered({ ...sent, 'Access-Control-Request-Headers': 'authorization' })).toEqual({
      header: { Vary: 'origin' },
      body: '',
    });
  });

  it('allows no headers to a page that asks for none', () => {
    const { header } = answered({ Origin: 'https://app.example' });

    expect(header).toHaveProperty('Access-Control-Allow-Origin', 'https://app.example');
    expect(header).not.toHaveProperty('Access-Control-Allow-Headers');
  });

  it('never allows credentials, and has no header that its method does not declare', () => {
    const { header } = answered({
      Origin: 'https://app.example',
      'Access-Control-Request-Headers': 'x-api-key',
    });

    expect(Object.keys(header).toSorted()).toEqual([...PREFLIGHT_HEADERS].toSorted());
    expect(PREFLIGHT_HEADERS).not.toContain('Access-Control-Allow-Credentials');
  });
});
