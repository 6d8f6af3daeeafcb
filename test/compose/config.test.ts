import { readLocalConfig } from '#compose/config.ts';

describe('the configuration of one machine', () => {
  it('needs nothing', () => {
    expect(readLocalConfig({})).toMatchObject({
      dataDir: '.slipway',
      host: '127.0.0.1',
      gatewayPort: 8080,
      controlPort: 8081,
    });
  });

  it.each([
    { values: { gatewayPort: 70_000 }, says: /gatewayPort/ },
    { values: { host: '0.0.0.0' }, says: /host/ },
    { values: { dataDri: 'x' }, says: /dataDri/ },
  ])('refuses $values and names the entry', ({ values, says }) => {
    expect(() => readLocalConfig(values)).toThrow(says);
  });
});
