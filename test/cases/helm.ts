import { of, row, type Series } from './compare'

// The bad days of a deploy by Helm, by their number, and the tests that show what helm-deploy makes of each. `npm run
// test:cases` holds this table against what has run: a test with a number in its title is in the rows of its numbers.

const HISTORY = 'packages/helm/src/history.test.ts'
const FLAGS = 'packages/helm/src/flags.test.ts'
const MANIFEST = 'packages/helm/src/manifest.test.ts'
const VALUES_FILES = 'packages/helm/src/values-files.test.ts'
const VERSION = 'packages/helm/src/version.test.ts'
const FAILURE = 'packages/helm/src/failure.test.ts'
const INPUTS = 'actions/helm-deploy/src/inputs.test.ts'
const WAY_BACK = 'actions/helm-deploy/src/way-back.test.ts'
const GIVE_UP = 'actions/helm-deploy/src/give-up.test.ts'
const DEPLOY = 'actions/helm-deploy/src/deploy.test.ts'
const STUCK = 'actions/helm-deploy/src/stuck.test.ts'
const BUNDLE = 'test/bundles/helm-deploy.test.ts'
const SYSTEM = 'test/systems/helm-deploy.test.ts'
const LEAKS = 'test/systems/helm-leaks.test.ts'
const PODS = 'packages/kubernetes/src/diagnosis.test.ts'
const DIAGNOSIS = 'test/systems/kubernetes-diagnosis.test.ts'

export const helm: Series = {
  prefix: 'B6',
  count: 50,
  cases: [
    row(
      1,
      'release not found: it is installed',
      of(DEPLOY, 'B6 1: installs what is not there'),
      of(
        SYSTEM,
        'B6 1, 2, 11 and 46: installs, and goes back past all that failed, and verifies live objects',
      ),
    ),
    row(
      2,
      'last failed, an earlier one deployed',
      of(HISTORY, 'is B6 2: the one that is deployed, where the last has failed'),
      of(DEPLOY, 'B6 2 and 11: goes back to what runs, past what has failed, and says so'),
      of(
        SYSTEM,
        'B6 1, 2, 11 and 46: installs, and goes back past all that failed, and verifies live objects',
      ),
    ),
    row(
      3,
      'only failed revisions',
      of(HISTORY, 'is B6 3: nothing, where all have failed'),
      of(DEPLOY, 'B6 3: is nothing where all have failed: what was tried is left to be looked at'),
      of(
        SYSTEM,
        'B6 3 and 48: a first install that fails is left, one after it succeeds, or it is taken away',
      ),
    ),
    row(
      4,
      'last uninstalled, its history kept',
      of(HISTORY, 'is B6 4: nothing, where it was uninstalled and its history kept'),
      of(DEPLOY, 'B6 4: is nothing where it was uninstalled with its history kept'),
      of(
        SYSTEM,
        'B6 4: what was uninstalled with its history is installed anew, and is nothing to go back to',
      ),
    ),
    row(
      5,
      'pending-install of revision 1',
      of(FAILURE, 'B6 5: %s'),
      of(STUCK, 'B6 5: since its first install was killed has nothing to go back to'),
      of(SYSTEM, 'B6 5: a first install that was killed has no revision to go back to'),
    ),
    row(
      6,
      'pending-upgrade of a dead run: recovered',
      of(
        STUCK,
        'B6 6: and of a run that is over is put back, and then deployed',
        'B6 6: and of an earlier attempt of this run is, too, without a question',
        'B6 6: and was put back is proven to have the digest before it is written',
      ),
      of(
        SYSTEM,
        'B6 6 and 7: an upgrade that was killed is put back where its run is over, and left alone where it is not',
      ),
    ),
    row(
      7,
      'pending-upgrade of a live run: refused',
      of(
        STUCK,
        'B6 7: and of a run that is at work is left alone, with stuck: %s',
        "B6 7: is nobody's where an upgrade has only taken the labels of the one before over",
      ),
      of(
        SYSTEM,
        'B6 6 and 7: an upgrade that was killed is put back where its run is over, and left alone where it is not',
      ),
    ),
    row(
      8,
      'pending-rollback after a hook failed',
      of(
        STUCK,
        'B6 8: since a hook of a rollback failed is put back when asked',
        'B6 8: since a hook of a rollback failed is left alone with stuck: %s: it carries no labels of a run',
        'B6 8: since a hook of a rollback failed is put back without hooks, or that one fails again',
      ),
      of(SYSTEM, 'B6 8, 38 and 46: hooks that fail, forward and back'),
    ),
    row(
      9,
      'pending in the middle of the history, last deployed: goes on',
      of(
        HISTORY,
        'is B6 9: the last, though one in the middle is pending',
        'B6 9: only the last one can be unfinished',
      ),
      of(DEPLOY, 'B6 9: is known although one in the middle is pending'),
    ),
    row(
      10,
      'two revisions marked deployed',
      of(HISTORY, 'is B6 10: the newest of two that are deployed'),
      of(DEPLOY, 'B6 10: is the newest of two that are deployed'),
    ),
    row(
      11,
      'the revision before has failed: the pin skips it',
      of(
        HISTORY,
        'is B6 11: not one that has failed, though it is the one before',
        'B6 11: skips what has failed',
      ),
      of(
        WAY_BACK,
        'B6 11 and 12: goes to the last good one before what runs, and a second one never flips back',
      ),
      of(DEPLOY, 'B6 2 and 11: goes back to what runs, past what has failed, and says so'),
      of(
        SYSTEM,
        'B6 1, 2, 11 and 46: installs, and goes back past all that failed, and verifies live objects',
      ),
    ),
    row(
      12,
      'a second rollback does not flip back',
      of(
        HISTORY,
        'B6 12: is not the one that a rollback has just left: it would flip back',
        'B6 12: is none where that rollback has brought the first back',
      ),
      of(
        WAY_BACK,
        'B6 11 and 12: goes to the last good one before what runs, and a second one never flips back',
      ),
      of(SYSTEM, 'B6 12 and 14: a second rollback does not flip back, and one to what runs is nothing to do'),
    ),
    row(
      13,
      'the pin was pruned: no-target',
      of(FAILURE, 'B6 13: %s'),
      of(
        DEPLOY,
        'B6 13: is said to be gone where the history no longer has it, and what to do',
        'B6 13: is named by its number in vain where it was never there',
      ),
    ),
    row(
      14,
      'the target is what runs: nothing to do, and verified',
      of(HISTORY, 'B6 14: that it stands at revision 1 is %j of %j'),
      of(WAY_BACK, 'B6 14: to what runs is nothing to do'),
      of(SYSTEM, 'B6 12 and 14: a second rollback does not flip back, and one to what runs is nothing to do'),
    ),
    row(
      15,
      'chart MISSING, empty updated',
      of(HISTORY, 'B6 15: is read in both dialects: chart MISSING, an empty time, and none'),
    ),
    row(
      16,
      'flags of Helm 3',
      of(FLAGS, 'B6 16: of Helm 3 have nothing that only Helm 4 knows'),
      of(VERSION, 'B6 16 and 17: takes %j for Helm %i'),
      of(DEPLOY, 'B6 16: is understood by a strict Helm, whatever is asked for'),
      of(SYSTEM, 'B6 16 and 17: understands every flag that it is given'),
    ),
    row(
      17,
      'flags of Helm 4; deprecations on stderr are not errors',
      of(FLAGS, 'B6 17: of Helm 4 say who merges, and whose fields are taken'),
      of(VERSION, 'B6 16 and 17: takes %j for Helm %i'),
      of(DEPLOY, 'B6 17: is understood by a strict Helm, whatever is asked for'),
      of(FAILURE, 'B6 17: what is said beside success is no failure, and is not shown'),
      of(SYSTEM, 'B6 16 and 17: understands every flag that it is given'),
    ),
    row(18, 'what --wait is in each', of(FLAGS, 'B6 18: wait for %s in Helm %i by %j, forward and back')),
    row(
      19,
      'an unknown major: a clear error',
      of(VERSION, 'B6 19: refuses %j'),
      of(INPUTS, 'B6 19: nor is another major guessed at'),
      of(BUNDLE, 'B6 19: says of another Helm that it is not spoken'),
    ),
    row(
      20,
      'helm-diff absent, or unsigned on Helm 4',
      of(SYSTEM, 'B6 20 and 21: a diff plugin is neither needed nor asked'),
    ),
    row(
      21,
      'helm-diff exits with 2 or 1',
      of(SYSTEM, 'B6 20 and 21: a diff plugin is neither needed nor asked'),
    ),
    row(
      22,
      'Helm 4 logs on stderr with exit code 0',
      of(
        FAILURE,
        'B6 22: what is said beside success is no failure, and is not shown',
        'B6 22: the error is the last thing that Helm 4 says, not what it logs before',
      ),
    ),
    row(
      23,
      'the chart ignores the digest',
      of(MANIFEST, 'B6 23: is not so where the chart ignores it'),
      of(DEPLOY, 'B6 23: that the chart ignores keeps anything from being written'),
      of(SYSTEM, 'B6 23, 25 and 26: a digest that is not rendered keeps anything from being written'),
    ),
    row(
      24,
      'the digest is rendered, and a pod runs another',
      of(DEPLOY, 'B6 24: is taken where what runs is not what was brought'),
      of(SYSTEM, 'B6 24, 27 and 28: what runs is told from what was asked for'),
      of(DIAGNOSIS, 'B6 24: is another what was approved'),
    ),
    row(
      25,
      'several containers, of which one is ours',
      of(
        MANIFEST,
        'B6 25: is so where one container of several is ours, and it is named',
        'B6 25: is only half so where a second container has the image without it',
      ),
      of(DEPLOY, 'B6 25 and 26: has to be wherever the image is'),
      of(SYSTEM, 'B6 23, 25 and 26: a digest that is not rendered keeps anything from being written'),
    ),
    row(
      26,
      'the image of an init container',
      of(MANIFEST, 'B6 26: may be so in %s'),
      of(DEPLOY, 'B6 25 and 26: has to be wherever the image is'),
      of(SYSTEM, 'B6 23, 25 and 26: a digest that is not rendered keeps anything from being written'),
    ),
    row(
      27,
      'a mirror changes the repository, not the digest',
      of(MANIFEST, 'B6 27: is so where a mirror stands in place of the registry'),
      of(SYSTEM, 'B6 24, 27 and 28: what runs is told from what was asked for'),
      of(DIAGNOSIS, 'B6 27: is exactly what was approved'),
    ),
    row(
      28,
      'the digest of an index, and that of a platform',
      of(SYSTEM, 'B6 24, 27 and 28: what runs is told from what was asked for'),
      of(DIAGNOSIS, 'B6 28: is by-index what was approved'),
    ),
    row(
      29,
      'no change: a new revision, and changed=false',
      of(DEPLOY, 'B6 29: makes a revision of no change, and says that nothing was changed'),
      of(SYSTEM, 'B6 29: no change is a new revision, and says so'),
    ),
    row(
      30,
      'ImagePullBackOff',
      of(SYSTEM, 'B6 30: %s is told by its reason in the first line, and taken back'),
    ),
    row(
      31,
      'CrashLoopBackOff, with the log of before',
      of(SYSTEM, 'B6 31: %s is told by its reason in the first line, and taken back'),
      of(DIAGNOSIS, 'B6 31: is told: crash-loop'),
    ),
    row(
      32,
      'OOMKilled 137',
      of(SYSTEM, 'B6 32: %s is told by its reason in the first line, and taken back'),
      of(DIAGNOSIS, 'B6 32: is told: out-of-memory'),
    ),
    row(
      33,
      'CreateContainerConfigError',
      of(SYSTEM, 'B6 33: %s is told by its reason in the first line, and taken back'),
      of(DIAGNOSIS, 'B6 33: is told: config'),
    ),
    row(
      34,
      'Pending: too little cpu, a volume',
      of(SYSTEM, 'B6 34: %s is told by its reason in the first line, and taken back'),
      of(DIAGNOSIS, 'B6 34: is told: no node has room', 'B6 34: is told: a volume that nobody provides'),
    ),
    row(
      35,
      'quota exceeded, and there is no pod',
      of(FAILURE, 'B6 35: %s'),
      of(DIAGNOSIS, 'B6 35: is told: a quota, and there is no pod'),
    ),
    row(
      36,
      'never ready',
      of(SYSTEM, 'B6 36: %s is told by its reason in the first line, and taken back'),
      of(DIAGNOSIS, 'B6 36: is told: probe'),
    ),
    row(
      37,
      'ProgressDeadlineExceeded before the time of Helm is over',
      of(DIAGNOSIS, 'B6 37: is told: it is paused, it is gone, its deadline is over'),
    ),
    row(
      38,
      "a hook's Job fails",
      of(FAILURE, 'B6 38: %s'),
      of(SYSTEM, 'B6 8, 38 and 46: hooks that fail, forward and back'),
    ),
    row(
      39,
      'an immutable selector',
      of(FAILURE, 'B6 39: %s'),
      of(SYSTEM, 'B6 39: a selector cannot be changed, and what ran is left or put back'),
    ),
    row(
      40,
      'ownership',
      of(FAILURE, 'B6 40: %s'),
      of(SYSTEM, 'B6 40: what belongs to another is not taken over unless asked'),
    ),
    row(
      41,
      'a conflict of server-side apply over replicas',
      of(FAILURE, 'B6 41: %s'),
      of(SYSTEM, 'B6 41: a field that somebody else manages is a conflict, and can be taken'),
    ),
    row(
      42,
      'force-conflicts with client-side apply',
      of(FAILURE, 'B6 42: %s'),
      of(SYSTEM, 'B6 42: what Helm 3 has written last cannot be forced'),
    ),
    row(
      43,
      'a removed API',
      of(FAILURE, 'B6 43: %s', 'B6 43, as both majors say it now: %s'),
      of(
        SYSTEM,
        'B6 43: kinds that the server no longer has are told apart from those that it does not have yet',
      ),
    ),
    row(
      44,
      'events and pods may not be listed: the diagnosis says less',
      of(DIAGNOSIS, 'B6 44: is told as far as it may be read'),
    ),
    row(
      45,
      'the API server cannot be reached during the wait; the release is left pending',
      of(FAILURE, 'B6 45: %s'),
      of(
        DEPLOY,
        'B6 45: is asked once more at the end of the job',
        'B6 45: keeps its hands off what %s has brought since',
      ),
      of(
        SYSTEM,
        'B6 45: an API server that is lost during the wait leaves it pending, and it is put back once there is one',
      ),
    ),
    row(
      46,
      'the rollback fails too: what stands, and what to do',
      of(WAY_BACK, 'B6 46: that fails says what is so'),
      of(DEPLOY, 'B6 46: that fails is said to have failed, with what stands and what to do'),
      of(
        SYSTEM,
        'B6 1, 2, 11 and 46: installs, and goes back past all that failed, and verifies live objects',
        'B6 8, 38 and 46: hooks that fail, forward and back',
      ),
    ),
    row(
      47,
      'a container survives the rollback: rollback-unverified',
      of(DEPLOY, 'B6 47: is verified apart from being done, by whoever looks at live objects'),
      of(WAY_BACK, 'B6 47: is held against its manifest, object by object'),
      of(STUCK, 'B6 47: and is put back is held against its manifest, object by object'),
      of(SYSTEM, 'B6 47: what a way back has left over is found, and it does not count as verified'),
    ),
    row(
      48,
      'a first install fails: kept, or uninstalled when asked',
      of(DEPLOY, 'B6 48: is left to be looked at', 'B6 48: is taken away again where the step says so'),
      of(
        SYSTEM,
        'B6 3 and 48: a first install that fails is left, one after it succeeds, or it is taken away',
      ),
    ),
    row(
      49,
      'cancelled during an upgrade, and during a rollback',
      of(FAILURE, 'B6 49: a Helm that was stopped is cancelled, whatever it said'),
      of(
        DEPLOY,
        'B6 49: during an upgrade gives Helm one signal, and its post puts back what ran',
        'B6 49: during a rollback lets it come to its end',
        'B6 49: is put back where main was lost between an upgrade and its verdict',
      ),
      of(
        BUNDLE,
        'B6 49: a run that is cancelled in an upgrade is finished by its post, once',
        'B6 49: a run that is cancelled in a rollback brings it to its end',
        'B6 49: what a deaf Helm has left pending is put back',
      ),
      of(
        SYSTEM,
        'B6 49: a run that is cancelled in an upgrade is put back by its post',
        'B6 49: a main that is killed leaves it to its post, also in a rollback',
      ),
    ),
    row(
      50,
      'values with secrets are in nothing that is left',
      of(VALUES_FILES, 'B6 50: values are in files that only their owner reads, and only while Helm runs'),
      of(FAILURE, 'B6 50: shows no value of %j'),
      of(GIVE_UP, 'B6 50: says nothing that the Secrets of either revision hold'),
      of(PODS, 'B6 50: says no part of a secret that its end of a line would have cut'),
      of(WAY_BACK, 'B6 50: says nothing that Secrets of the chart hold'),
      of(STUCK, 'B6 50: and is not put back, or not as it was, says nothing that Secrets of the chart hold'),
      of(
        DEPLOY,
        'B6 50: says no value at the end of the job, either',
        'B6 50: are in files while Helm runs, and in nothing that a run leaves',
        'B6 50: of a Secret of the chart are not shown, whoever says them, forward and back',
        'B6 50: are not shown where a way back says them, nor where nothing is rendered',
        'B6 50: what Helm prints of success, and a manifest, is shown nowhere',
      ),
      of(
        BUNDLE,
        'B6 50: the values of a main that is killed are removed by its post',
        'B6 50: nothing of values is in what it leaves, and Helm gives the runner no commands',
      ),
      of(
        MANIFEST,
        'B6 50: is known of a list of objects, too',
        'B6 50: is known in the clear, whole and by lines, of hooks too',
      ),
      of(
        LEAKS,
        'B6 50: no value is in anything that a run leaves',
        'B6 50: every value is found where nothing takes it out',
        'B6 50: a value would be found in arguments, too',
        'B6 50: forty pods that print much leave a summary that GitHub takes',
      ),
      of(SYSTEM, 'B6 50: no value of a run is in anything that it leaves'),
    ),
  ],
}
