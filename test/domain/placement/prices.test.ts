import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };

it('every price has a page that states it', () => {
  const recalled = Object.entries(prices)
    .filter(([, price]) => typeof price === 'object' && !price.source.startsWith('https://'))
    .map(([name]) => name);

  expect(recalled).toEqual([]);
});
