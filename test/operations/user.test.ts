import { userName } from '#operations/user.ts';

it('a user is called by the name of the account', () => {
  expect(userName(() => ({ username: 'ada' }))).toBe('ada');
});

it('a user without an account, as in many containers, is called by the number', () => {
  const noAccount = () => {
    throw new Error('uv_os_get_passwd returned ENOENT');
  };

  expect(userName(noAccount)).toBe(`user ${process.getuid?.()}`);
});
