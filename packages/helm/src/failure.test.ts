import { describe, expect, it } from '@jest/globals'
import type { ChildResult } from '@deploy-actions/action-kit'
import { endedAs, reasonOf, withoutManifests } from './failure'

const result = (more: Partial<ChildResult>): ChildResult => ({
  ...{ exitCode: 1, stdout: '', stderr: '', ended: 'exit', ms: 1, ...more },
})

describe('an error of Helm is told apart', () => {
  it.each([
    [
      'B6 5',
      'UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress',
      'pending-operation',
    ],
    ['v3', 'INSTALLATION FAILED: cannot re-use a name that is still in use', 'pending-operation'],
    ['v4', 'INSTALLATION FAILED: cannot reuse a name that is still in use', 'pending-operation'],
    ['B6 13', 'release has no 3 version', 'no-target'],
    ['v3', 'UPGRADE FAILED: context deadline exceeded', 'wait-timeout'],
    ['v3, older', 'UPGRADE FAILED: timed out waiting for the condition', 'wait-timeout'],
    [
      'v4',
      'UPGRADE FAILED: resource Deployment/shop/api not ready. status: InProgress, message: Available: 0/3\ncontext deadline exceeded',
      'wait-timeout',
    ],
    [
      'a webhook that is down, and not the cluster',
      'UPGRADE FAILED: Internal error occurred: failed calling webhook "v.kyverno.svc": dial tcp 10.0.0.1:443: connect: connection refused',
      'admission',
    ],
    [
      'a webhook of a kind of somebody else, and not the cluster',
      'UPGRADE FAILED: conversion webhook for cert-manager.io/v1, Kind=Certificate failed: Post "https://cm.svc:443/convert?timeout=30s": x509: certificate signed by unknown authority',
      'admission',
    ],
    [
      'v4, a registry that gives the manifest and not the chart',
      'failed to perform "Fetch" on source: GET "https://127.0.0.1:1/v2/charts/shop/blobs/sha256:39": response status code 403: denied: said by the registry',
      'render-failed',
    ],
    [
      'a registry that asks who it is',
      'INSTALLATION FAILED: GET "https://ghcr.io/v2/charts/tags/list": response status code 401: unauthorized',
      'render-failed',
    ],
    [
      'a package of a repository that breaks off',
      'Get "https://charts.example.com/shop-1.0.0.tgz": EOF',
      'render-failed',
    ],
    ['a word that ends as a verb does', 'target "https://a.b/c": must be http', 'other'],
    [
      'B6 38',
      'UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n* job migrate failed: BackoffLimitExceeded',
      'hook-failed',
    ],
    [
      'B6 38',
      'UPGRADE FAILED: post-upgrade hooks failed: timed out waiting for the condition',
      'hook-failed',
    ],
    [
      'B6 39',
      'UPGRADE FAILED: cannot patch "api" with kind Deployment: Deployment.apps "api" is invalid: spec.selector: Invalid value: {...}: field is immutable',
      'immutable-field',
    ],
    [
      'B6 40',
      'Unable to continue with install: ConfigMap "a" in namespace "b" exists and cannot be imported into the current release: invalid ownership metadata; label validation error',
      'ownership',
    ],
    [
      'B6 41',
      'UPGRADE FAILED: conflict occurred while applying object shop/api apps/v1, Kind=Deployment: Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas',
      'ssa-conflict',
    ],
    [
      'B6 42',
      'UPGRADE FAILED: invalid client update option(s): forceConflicts enabled when serverSideApply disabled',
      'ssa-conflict',
    ],
    [
      'B6 43',
      'UPGRADE FAILED: current release manifest contains removed kubernetes api(s) for this kubernetes version: no matches for kind "X" in version "y/v1beta1"',
      'removed-api',
    ],
    [
      'B6 43, as both majors say it now',
      'UPGRADE FAILED: unable to build kubernetes objects from current release manifest: resource mapping not found for name: "a" namespace: "" from "": no matches for kind "Widget" in version "x/v1"\nensure CRDs are installed first',
      'removed-api',
    ],
    [
      'crds',
      'unable to build kubernetes objects from new release manifest: resource mapping not found: no matches for kind "Widget" in version "a/v1" ensure CRDs are installed first',
      'crd-missing',
    ],
    ['B6 35', 'pods "a" is forbidden: exceeded quota: q, requested: cpu=2', 'quota'],
    [
      'rbac',
      'query: failed: secrets is forbidden: User "ci" cannot list resource "secrets" in API group ""',
      'rbac',
    ],
    [
      'B6 45',
      'Kubernetes cluster unreachable: Get "https://x": dial tcp: connection refused',
      'cluster-unreachable',
    ],
    [
      'B6 45',
      'UPGRADE FAILED: cannot patch "api" with kind Deployment: Patch "https://10.0.0.1:6443/apis/apps/v1/namespaces/shop/deployments/api?fieldManager=helm": unexpected EOF',
      'cluster-unreachable',
    ],
    [
      'B6 45',
      'INSTALLATION FAILED: create: failed to create: Post "https://10.0.0.1:6443/api/v1/namespaces/shop/secrets": net/http: TLS handshake timeout',
      'cluster-unreachable',
    ],
    [
      'a registry that is down, and not the cluster',
      'failed to perform "FetchReference" on source: Get "https://ghcr.example.com/v2/charts/shop/manifests/sha256:99": dial tcp 10.0.0.1:443: connect: connection refused',
      'render-failed',
    ],
    [
      'a repository of charts that is down',
      'looks like "https://charts.example.com" is not a valid chart repository or cannot be reached: Get "https://charts.example.com/index.yaml": dial tcp: lookup charts.example.com: no such host',
      'render-failed',
    ],
    [
      'its own time over, in the middle of a request',
      'UPGRADE FAILED: Get "https://10.0.0.1:6443/apis/apps/v1/namespaces/shop/deployments/api": context deadline exceeded',
      'wait-timeout',
    ],
    [
      'too large',
      'Secret "sh.helm.release.v1.a.v1" is invalid: data: Too long: must have at most 1048576 bytes',
      'release-too-large',
    ],
    [
      'templates',
      'template: api/templates/a.yaml:1:2: executing "a" at <fail>: error calling fail: no',
      'render-failed',
    ],
    ['dependency', 'found in Chart.yaml, but missing in charts/ directory: redis', 'render-failed'],
    ['anything else', 'admission webhook denied the request', 'other'],
  ])('%s: %s', (_, text, reason) => {
    expect(reasonOf(`Error: ${text}`)).toBe(reason)
  })
})

describe('how it ended', () => {
  it.each([
    ['B6 22', 'level=WARN msg="upgrade failed" error=x\n'],
    ['B6 17', 'Flag --atomic has been deprecated, use --rollback-on-failure instead\n'],
  ])('%s: what is said beside success is no failure, and is not shown', (_, stderr) => {
    expect(endedAs(result({ exitCode: 0, stdout: 'NOTES: swordfish', stderr }))).toEqual({
      ...{ ended: 'done', detail: '', output: '', facts: { exitCode: 0, ms: 1 } },
    })
  })

  it('B6 22: the error is the last thing that Helm 4 says, not what it logs before', () => {
    const stderr =
      'level=WARN msg="Error: none"\nlevel=ERROR msg=x\nError: UPGRADE FAILED: context deadline exceeded\n'
    expect(endedAs(result({ stderr }))).toMatchObject({
      ...{
        ended: 'failed',
        reason: 'wait-timeout',
        detail: 'Error: UPGRADE FAILED: context deadline exceeded',
      },
    })
  })

  // As Helm 3.22 and 4.3 print it with helm.sh/hook-output-log-policy: hook-failed.
  it.each([
    [
      'migrate: Get "https://flags.example.com/v1": EOF\nmigrate: db:5432: connection refused\nError: failed pre-install: 1 error occurred:\n\t* job migrate failed: BackoffLimitExceeded\n\n\n',
      'Error: failed pre-install: 1 error occurred: * job migrate failed: BackoffLimitExceeded',
    ],
    [
      'level=INFO msg="migrate: Get \\"https://flags.example.com/v1\\": EOF\\nmigrate: db:5432: connection refused"\nError: failed pre-install: resource Job/shop/migrate not ready. status: Failed, message: Job Failed. failed: 1/1\n',
      'Error: failed pre-install: resource Job/shop/migrate not ready. status: Failed, message: Job Failed. failed: 1/1',
    ],
  ])('B6 38: what the pod of a hook printed is not why: %#', (stderr, detail) => {
    expect(endedAs(result({ stderr }))).toMatchObject({ reason: 'hook-failed', detail })
  })

  it('B6 49: a Helm that was stopped is cancelled, whatever it said', () => {
    expect(endedAs(result({ exitCode: 0, ended: 'cancelled' }))).toMatchObject({ reason: 'cancelled' })
    expect(endedAs(result({ exitCode: null, ended: 'timeout' }))).toMatchObject({ reason: 'wait-timeout' })
  })
})

it.each([
  'a: Invalid value: core.PodSpec{Env:"swordfish"}: field is immutable',
  'a: Invalid value: "sword\\"fish swordfish": must be lower case',
  'a: Unsupported value: "swordfish": supported values: "a"',
  'a: Duplicate value: {"name":"swordfish"}',
  'a: Invalid value: 123swordfish: must be less',
  'expected string, got &value.valueUnstructured{Value:"swordfish"}',
  "- at '/b': 'swordfish' is not valid email: x",
])('B6 50: shows no value of %j', (text) => {
  const shown = withoutManifests(text)
  expect(shown).not.toContain('swordfish')
  expect(shown).toContain('...')
  // Nor what is handed on of a Helm that says so, in one line and in all.
  const { detail, output } = endedAs(result({ stderr: `level=WARN msg=x\nError: ${text}\n` }))
  expect([detail, output]).toEqual([`Error: ${shown}`, `level=WARN msg=x\nError: ${shown}\n`])
})
