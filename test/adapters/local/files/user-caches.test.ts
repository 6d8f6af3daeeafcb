import { userCaches } from '#adapters/local/files/user-caches.ts';

const HOME = () => '/home/ada';

it('the caches of a user are in the home, unless the environment names another folder', () => {
  expect(userCaches({}, HOME)).toBe('/home/ada/.cache');
  expect(userCaches({ XDG_CACHE_HOME: '' }, HOME)).toBe('/home/ada/.cache');
  expect(userCaches({ XDG_CACHE_HOME: '/caches' }, HOME)).toBe('/caches');
});

it('the caches of a user without a home or an account are nowhere', () => {
  const noAccount = () => {
    throw new Error('uv_os_homedir returned ENOENT');
  };

  expect(userCaches({}, noAccount)).toBe('/nonexistent/.cache');
});
