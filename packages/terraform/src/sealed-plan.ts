import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import canonicalize from 'canonicalize'
import { manifest, type Manifest } from './manifest'

/*
 * What is sealed, a plan or a state that could not be saved: the magic, 16 bytes of salt, 12 of a nonce, the ciphertext, 16 of a tag. AES-256-GCM, whose additional
 * data is the text that lies beside it: neither can be exchanged without the other. The key comes from `plan-key` by scrypt, so that one
 * that a person made up is not found by trying (RFC 7914; 32 MiB and a tenth of a second each).
 */
const MAGIC = Buffer.from('deploy-actions plan 1\n')
const [SALT, NONCE, TAG] = [16, 12, 16]
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const derive = promisify<string, Buffer, number, typeof COST, Buffer>(scrypt)

/** What was sealed is not what is there, or the key is another one. */
export class Tampered extends Error {}

/** @param about text that lies in clear beside it, and that is sealed with it */
export async function seal(data: Buffer, about: string, planKey: string): Promise<Buffer> {
  const [salt, nonce] = [randomBytes(SALT), randomBytes(NONCE)]
  const cipher = createCipheriv('aes-256-gcm', await derive(planKey, salt, 32, COST), nonce)
  cipher.setAAD(Buffer.concat([MAGIC, Buffer.from(about)]))
  return Buffer.concat([MAGIC, salt, nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()])
}

/** @throws Tampered where anything of it is not as it was sealed: the data, the text beside it, or the key */
export async function unseal(sealed: Buffer, about: string, planKey: string): Promise<Buffer> {
  if (!sealed.subarray(0, MAGIC.length).equals(MAGIC) || sealed.length < MAGIC.length + SALT + NONCE + TAG)
    throw new Tampered('what was sealed is not whole, or is not of this suite')
  const rest = sealed.subarray(MAGIC.length)
  const [salt, nonce] = [rest.subarray(0, SALT), rest.subarray(SALT, SALT + NONCE)]
  const decipher = createDecipheriv('aes-256-gcm', await derive(planKey, salt, 32, COST), nonce)
  decipher.setAAD(Buffer.concat([MAGIC, Buffer.from(about)]))
  decipher.setAuthTag(rest.subarray(-TAG))
  try {
    return Buffer.concat([decipher.update(rest.subarray(SALT + NONCE, -TAG)), decipher.final()])
  } catch {
    throw new Tampered('it or its manifest was changed since it was sealed, or plan-key is another one')
  }
}

/** @returns the sealed plan, and the manifest as it has to lie beside it */
export async function sealPlan(
  plan: Buffer,
  about: Manifest,
  planKey: string,
): Promise<{ sealed: Buffer; manifest: string }> {
  const text = canonicalize(manifest.parse(about)) ?? ''
  return { sealed: await seal(plan, text, planKey), manifest: text }
}

/** @throws Tampered where anything of it is not as it was sealed */
export async function openPlan(
  sealed: Buffer,
  manifestText: string,
  planKey: string,
): Promise<{ plan: Buffer; about: Manifest }> {
  const plan = await unseal(sealed, manifestText, planKey)
  // Only now: what is not proven is not read.
  return { plan, about: manifest.parse(JSON.parse(manifestText)) }
}

/**
 * The key by which sensitive values and settings stand in digests and fingerprints. It is the same for all plans of a
 * repository, so that two can be compared, and tells nothing of `plan-key`.
 */
export async function fingerprintKey(planKey: string, repository: string): Promise<Buffer> {
  const stretched = await derive(
    planKey,
    Buffer.from(`deploy-actions fingerprints of ${repository}`),
    32,
    COST,
  )
  return Buffer.from(hkdfSync('sha256', stretched, '', 'fingerprints', 32))
}
