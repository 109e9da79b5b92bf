/**
 * An answer that bad traffic waits for no longer than this, in real milliseconds.
 * @throws Error when it takes longer
 */
export async function answerWithin<T>(ms: number, call: Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  const over = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('it gave no answer in time'))),
  )
  return Promise.race([call, over])
}
