import type { Counts } from './sample'

/** Samples per block: noise that lasts shows only when its whole length falls into one block. */
const BLOCKS = [1, 6, 12] as const
/** How many blocks make half of a trusted estimate. */
const HALF_TRUST = 4

/**
 * How much more the error counts of an arm scatter than chance alone would make them (1 = as chance): the largest
 * Pearson dispersion over blocks of 1, 6 and 12 samples, drawn towards 1 while there are few blocks.
 */
export function dispersion(samples: readonly Counts[]): number {
  return Math.max(1, ...BLOCKS.map((size) => ofBlocks(inBlocks(samples, size))))
}

function inBlocks(samples: readonly Counts[], size: number): Counts[] {
  const blocks: Counts[] = []
  for (let start = 0; start + size <= samples.length; start += size) {
    const block = { requests: 0, errors: 0 }
    for (const sample of samples.slice(start, start + size)) {
      block.requests += sample.requests
      block.errors += sample.errors
    }
    if (block.requests > 0) blocks.push(block)
  }
  return blocks
}

function ofBlocks(blocks: readonly Counts[]): number {
  const requests = blocks.reduce((sum, block) => sum + block.requests, 0)
  const errors = blocks.reduce((sum, block) => sum + block.errors, 0)
  if (blocks.length < 2 || errors === 0) return 1
  const rate = errors / requests
  const pearson = blocks.reduce(
    (sum, block) => sum + (block.errors - block.requests * rate) ** 2 / (block.requests * rate),
    0,
  )
  const freedom = blocks.length - 1
  return 1 + (pearson / freedom - 1) * (freedom / (freedom + HALF_TRUST))
}
