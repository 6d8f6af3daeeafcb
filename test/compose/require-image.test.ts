import { requireImage } from '#compose/require-image.ts';

const DIGEST = `@sha256:${'0'.repeat(64)}`;

it.each([
  undefined,
  '',
  'python',
  'python:3.13-slim',
  'localhost:5000/python',
  'public.ecr.aws/docker/library/python:3.13-slim-trixie',
  `registry.example/team/my_base${DIGEST}`,
  `python:3.13${DIGEST}`,
])('takes %j', (value) => {
  expect(requireImage('BASE', value)).toBe(value);
});

it.each([
  'Python',
  'python:3.13 slim',
  'python:',
  '--privileged',
  'https://registry.example/python',
  'user:secret@registry.example/python',
  'python@sha256:12',
  'team//python',
  'python\nFROM other',
  `python:${'a'.repeat(129)}`,
  'a'.repeat(401),
])('refuses %j, and says what it should be', (value) => {
  expect(() => requireImage('BASE', value)).toThrow(/^BASE is not the name of a container image$/);
});
