import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localCertificate } from '../bytes/certificate.ts';
import { startSlipway } from '../slipway/running.ts';
import { freePort } from '../stack/free-port.ts';
import { CLIENT, startIdentityProvider } from './identity-provider.ts';

const ACCOUNTS = {
  ann: { groups: ['ml-a'], email: 'ann@example.com', email_verified: true },
  bob: { groups: ['ml-b', 'watchers'], preferred_username: 'bob' },
  eve: { groups: ['sales'], email: 'ann@example.com', email_verified: false },
};

const GRANTS = ['ml-a=see,drop,promote,call:team-a-*', 'ml-b=drop:team-b-*', 'watchers=see:*'];

/** A Slipway whose console people of a team sign in to, and their identity provider; by TLS, or in plain HTTP on this machine. */
export async function startTeamConsole(folder: string, { hasTls }: { readonly hasTls: boolean }) {
  const data = join(folder, 'data');
  const first = await startSlipway(data, { config: { bakeSeconds: 0 } });
  const made = await first.command('keys', 'create', 'app', '--all', '--calls', '--json');
  await first.stop();
  const [othersPort, othersControlPort] = [await freePort(), await freePort()];
  const site = `${hasTls ? 'https' : 'http'}://127.0.0.1:${othersControlPort}`;
  const provider = await startIdentityProvider(`${site}/`, ACCOUNTS);
  const slipway = await startSlipway(data, {
    config: {
      bakeSeconds: 0,
      othersHost: '127.0.0.1',
      othersPort,
      othersControlPort,
      ...(hasTls && certificateIn(folder)),
      consoleUrl: site,
      oidcIssuer: provider.issuer,
      oidcClientId: CLIENT.id,
      oidcClientSecret: CLIENT.secret,
      oidcScopes: ['groups'],
      oidcGrants: GRANTS,
    },
  });
  return {
    site,
    slipway,
    provider,
    /** A key that calls all models. */
    key: (JSON.parse(made.out) as { readonly key: string }).key,
    async [Symbol.asyncDispose]() {
      await slipway[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

function certificateIn(folder: string) {
  const { cert, key } = localCertificate();
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(tlsCert, cert);
  writeFileSync(tlsKey, key);
  return { tlsCert, tlsKey };
}
