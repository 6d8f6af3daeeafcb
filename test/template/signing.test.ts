import { list, ofType, readTemplate, type Statement, statementsOf } from './template.ts';

const template = await readTemplate();
const { SigningKey, Signer } = template.Resources;
const policy: readonly Statement[] = SigningKey!.Properties.KeyPolicy.Statement;

describe('the key by which a stage signs its releases', () => {
  it('is there where the stack is told to have one, since it costs', () => {
    expect(template.Parameters.SignReleases).toMatchObject({
      Default: 'off',
      AllowedValues: ['on', 'off'],
    });
    expect(template.Conditions.SignsReleases).toEqual({
      'Fn::Equals': [{ Ref: 'SignReleases' }, 'on'],
    });
    expect([SigningKey!.Condition, Signer!.Condition]).toEqual(['SignsReleases', 'SignsReleases']);
  });

  it('is one on P-256 that signs, and costs nothing once it is to be deleted', () => {
    expect(SigningKey!.Properties).toMatchObject({
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
      PendingWindowInDays: 7,
    });
  });

  it('signs for the role of a promotion and for nobody else: no policy of the account can allow it', () => {
    const [ofAccount, ofSigner] = policy;

    expect(policy).toHaveLength(2);
    // The account's policies may allow anybody whatever the account may do: signing, or granting that, is not part of it.
    expect(list(ofAccount!.Action).filter((action) => /\*|Sign|Grant/.test(action))).toEqual([
      'kms:ListGrants',
      'kms:RevokeGrant',
    ]);
    expect(ofSigner).toEqual({
      Effect: 'Allow',
      Principal: { AWS: { 'Fn::GetAtt': ['Signer', 'Arn'] } },
      Action: 'kms:Sign',
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'RAW' },
      },
    });
  });

  it('is used by a role that may do nothing else, and no other role has a word about keys', () => {
    expect(statementsOf(Signer!)).toEqual([]);
    const others = ofType(template, 'AWS::IAM::Role').flatMap(([id, role]) =>
      statementsOf(role).flatMap(({ Action }) =>
        list(Action).flatMap((action) => (action.startsWith('kms:') ? `${id} ${action}` : [])),
      ),
    );
    expect(others.filter((each) => /Sign|\*/.test(each))).toEqual([]);
  });

  it('is asked for where releases are admitted: by the keys that the stack trusts', () => {
    const { Environment } = template.Resources['AdmitPromotionLambdaFunction']!.Properties;

    expect(Environment.Variables.SLIPWAY_TRUSTED_SIGNERS).toEqual({
      'Fn::If': ['HasTrustedSigners', { Ref: 'TrustedSigners' }, 'none'],
    });
    expect(template.Conditions.HasTrustedSigners).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'TrustedSigners' }, ''] }],
    });
  });
});
