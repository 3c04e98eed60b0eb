import { generate } from 'selfsigned';

/** A certificate with its private key, both as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly cert: string;
  /** A certificate for one host name or, as a client's, for one user. */
  issue(name: string): Promise<Certificate>;
}

const KIND = { keyType: 'ec', algorithm: 'sha256' } as const;

/** A certificate authority of the test's own. */
export async function createAuthority(name: string): Promise<Authority> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    ...KIND,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return {
    cert,
    async issue(subject) {
      const issued = await generate([{ name: 'commonName', value: subject }], {
        ...KIND,
        ca: { key, cert },
        extensions: [
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          // No address: by 127.0.0.1 it is another host's.
          { name: 'subjectAltName', altNames: [{ type: 2, value: subject }] },
        ],
      });
      return { cert: issued.cert, key: issued.private };
    },
  };
}
