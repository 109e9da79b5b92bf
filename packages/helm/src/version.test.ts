import { expect, it } from '@jest/globals'
import { majorOf } from './version'

it.each([
  ['v3.22.0+g1c2d3e4', 3],
  // As `go install` builds it.
  ['v3.13', 3],
  ['v4.3.1', 4],
  ['WARNING: kubeconfig is readable by others\nv4.0.0', 4],
])('B6 16 and 17: takes %j for Helm %i', (printed, major) => {
  expect(majorOf(printed, 'helm')).toBe(major)
})

it.each([
  ['v2.17.0', 'helm: is Helm 2.17, and 3.13 and later or 4 are spoken here; install one of them'],
  ['v3.12.3+gb', 'helm: is Helm 3.12, and 3.13'],
  ['v5.0.0', 'helm: is Helm 5.0, and'],
  ['', 'helm: did not print its version as Helm does; is it Helm?'],
  ['usage: helm COMMAND', 'is it Helm?'],
])('B6 19: refuses %j', (printed, message) => {
  expect(() => majorOf(printed, 'helm')).toThrow(message)
})
