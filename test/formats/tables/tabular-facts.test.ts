import { tabularSignature } from '#formats/tables/tabular-facts.ts';

it('more named columns than a record holds are refused with the ways that serve them', () => {
  const names = Array.from({ length: 2_000 }, (_, at) => `f${at}`);
  const signature = () =>
    tabularSignature('m.txt', { features: 2_000, names }, { values: 1, prediction: 'FP64' });

  expect(signature).toThrow(/^m\.txt names its inputs in \d+ bytes; the limit is 65536$/);
  expect(signature).toThrow(
    expect.objectContaining({ fix: expect.stringContaining('--write-predict') }),
  );
  expect(signature).not.toThrow(
    expect.objectContaining({ fix: expect.stringContaining('shorter') }),
  );
});
