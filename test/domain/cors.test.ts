import { originsIn } from '#domain/cors.ts';

describe('the origins in a parameter of the stack', () => {
  it.each([
    ['', []],
    ['none', []],
    ['https://a.example', ['https://a.example']],
    ['https://a.example,http://b.example:81', ['https://a.example', 'http://b.example:81']],
  ])('in %j are %j', (text, origins) => {
    expect(originsIn(text)).toEqual(origins);
  });
});
