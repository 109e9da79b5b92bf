/** The secrets of one job, and what replaces them wherever they would show. */
export class Masks {
  private readonly values = new Set<string>()
  private pattern: RegExp | undefined

  /** Adds a secret, each of its lines, and the encodings the runner also masks. */
  add(secret: string): void {
    for (const value of [secret, ...secret.split(/\r?\n/)])
      if (value.trim() !== '') for (const form of forms(value)) this.values.add(form)
    this.pattern = undefined
  }

  /** The text with every secret as `***` */
  hide(text: string): string {
    if (this.values.size === 0) return text
    this.pattern ??= new RegExp(
      [...this.values]
        .sort((a, b) => b.length - a.length)
        .map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('|'),
      'g',
    )
    return text.replace(this.pattern, '***')
  }

  /** Whether a secret shows in the text. */
  found(text: string): boolean {
    return this.hide(text) !== text
  }
}

function forms(value: string): string[] {
  return [
    value,
    Buffer.from(value).toString('base64'),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
  ]
}
