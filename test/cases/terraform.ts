import { of, row, type Series } from './compare'

// The bad days of plans and applies, by their number, and the tests that show what plan-apply makes of each: see helm.ts.

const CHANGES = 'packages/terraform/src/changes.test.ts'
const DIGEST = 'packages/terraform/src/digest.test.ts'
const EPHEMERAL = 'packages/terraform/src/ephemeral.test.ts'
const POLICY = 'packages/terraform/src/policy.test.ts'
const SEALED_PLAN = 'packages/terraform/src/sealed-plan.test.ts'
const SENSITIVE = 'packages/terraform/src/sensitive.test.ts'
const STREAM = 'packages/terraform/src/stream.test.ts'
const APPROVED = 'test/systems/plan-apply.test.ts'
const PLANS = 'test/systems/plan-apply-plans.test.ts'
const ENDS = 'test/systems/plan-apply-ends.test.ts'
const LEAKS = 'test/systems/plan-apply-leaks.test.ts'

export const terraform: Series = {
  prefix: 'A7',
  count: 52,
  cases: [
    row(
      1,
      'no changes',
      of(CHANGES, 'A7 1: %s is counted'),
      of(APPROVED, 'A7 1, 2, 32 and 48: applies what was approved, once, and says nothing of a secret'),
    ),
    row(
      2,
      'there are changes, whatever the exit code',
      of(CHANGES, 'A7 2: %s is counted', 'A7 2 and 7: %s is counted'),
      of(APPROVED, 'A7 1, 2, 32 and 48: applies what was approved, once, and says nothing of a secret'),
    ),
    row(
      3,
      'a change of outputs alone',
      of(CHANGES, 'A7 3: %s is counted'),
      of(PLANS, 'A7 3: a plan of outputs alone is one, and is applied'),
    ),
    row(
      4,
      'a move alone',
      of(CHANGES, 'A7 4, 5, 6 and 7: %s is counted', 'A7 4: %s is counted'),
      of(
        PLANS,
        'A7 4, 5 and 6: moves, what is forgotten, and imports are changes',
        'A7 4: a move alone is applied, and leaves nothing to be done',
      ),
    ),
    row(
      5,
      'what is forgotten and stays',
      of(CHANGES, 'A7 4, 5, 6 and 7: %s is counted', 'A7 5: %j is %s, and whether it destroys: %s'),
      of(PLANS, 'A7 4, 5 and 6: moves, what is forgotten, and imports are changes'),
    ),
    row(
      6,
      'imports, alone and with a change',
      of(CHANGES, 'A7 4, 5, 6 and 7: %s is counted'),
      of(PLANS, 'A7 4, 5 and 6: moves, what is forgotten, and imports are changes'),
    ),
    row(
      7,
      'replacements of both orders, and of what is tainted',
      of(
        CHANGES,
        'A7 2 and 7: %s is counted',
        'A7 4, 5, 6 and 7: %s is counted',
        'A7 7: %s is counted',
        'A7 7: %j is %s, and whether it destroys: %s',
      ),
      of(PLANS, 'A7 7: replacements of both orders, and of what an apply has left half-made'),
    ),
    row(
      8,
      'data that is only read',
      of(
        CHANGES,
        'A7 8: %j is %s, and whether it destroys: %s',
        'A7 8: a plan that only reads, since %s, is something to apply: %s',
      ),
      of(
        PLANS,
        'A7 8: what is only read at the apply is no change of an object',
        'A7 8: what a check alone reads, at each plan anew, is nothing to apply',
      ),
    ),
    row(
      9,
      'what a replacement has left behind',
      of(CHANGES, 'A7 9: holds what an earlier replacement has left behind, beside what stands'),
      of(PLANS, 'A7 9: what a replacement has left behind is destroyed, and said to be that'),
    ),
    row(
      10,
      'a plan that destroys, against max-destroy',
      of(CHANGES, 'A7 10: %s is counted'),
      of(POLICY, 'A7 10 and 11: counts what is replaced as destroyed'),
      of(
        APPROVED,
        'A7 10 and 36: heeds what forbids at the apply, and outputs that there are not, before anything is applied',
      ),
      of(
        PLANS,
        'A7 10, 11 and 12: a policy refuses what the plan would destroy or replace, in modules and by keys with quotes',
      ),
    ),
    row(
      11,
      'a replacement counts as destroying',
      of(POLICY, 'A7 10 and 11: counts what is replaced as destroyed'),
      of(
        PLANS,
        'A7 10, 11 and 12: a policy refuses what the plan would destroy or replace, in modules and by keys with quotes',
      ),
    ),
    row(
      12,
      'protected addresses, in modules and with quotes in their keys',
      of(
        POLICY,
        'A7 12: protects addresses from being destroyed, replaced and forgotten',
        'A7 12: protects an object from a replacement that forgets it',
        'A7 12: protects an object by the address that it had before the plan, too',
        'A7 12: %s takes %s: %s',
      ),
      of(
        PLANS,
        'A7 10, 11 and 12: a policy refuses what the plan would destroy or replace, in modules and by keys with quotes',
      ),
    ),
    row(
      13,
      'what changed outside',
      of(CHANGES, 'A7 13: knows what changed outside, also where the plan changes nothing'),
      of(PLANS, 'A7 13: what changed outside is told, and refused where that is asked'),
    ),
    row(
      14,
      'what changed outside and is not in the text of the plan',
      of(
        CHANGES,
        'A7 14: knows all that changed outside, of which the text of a plan names only what bears on it',
      ),
    ),
    row(
      15,
      'a check that fails',
      of(CHANGES, 'A7 15: knows the checks that fail, which are only warnings to the tool'),
      of(PLANS, 'A7 15: a check that fails is told, and refused where that is asked'),
    ),
    row(
      16,
      'a plan with an error, of which there is a file',
      of(CHANGES, 'A7 16: %s is counted'),
      of(PLANS, 'A7 16: a plan with an error is none, although the tool leaves a file of it'),
    ),
    row(
      17,
      'a plan for some addresses alone',
      of(
        POLICY,
        'A7 17 and 18: takes what was made for some addresses alone for less than the whole, also where the tool does not say so',
      ),
      of(PLANS, 'A7 17 and 18: a plan for some addresses alone is not the whole'),
    ),
    row(
      18,
      'OpenTofu, which says neither applyable nor complete',
      of(CHANGES, 'A7 18: %s is counted'),
      of(
        POLICY,
        'A7 17 and 18: takes what was made for some addresses alone for less than the whole, also where the tool does not say so',
      ),
      of(PLANS, 'A7 17 and 18: a plan for some addresses alone is not the whole'),
    ),
    row(
      19,
      'Terraform 1.8 and 1.9, which deny that outputs can be applied',
      of(CHANGES, 'A7 19: %s is counted'),
    ),
    row(
      20,
      'a wrapper that turns exit codes into others and writes outputs',
      of(
        PLANS,
        'A7 20: the program is taken and not the script before it, which would write outputs of the step',
      ),
    ),
    row(21, 'warnings on the side', of(PLANS, 'A7 21: what the tool warns of on the side is no failure')),
    row(
      22,
      'the digest of the same change, and of another one',
      of(
        DIGEST,
        'A7 22: is the same of the same change, whenever and in whichever order it was planned',
        'A7 22: is another one where a provisioner would run something else, in whichever module',
        'A7 22: is another one where %s is',
        'A7 22: is another one where an output is',
        'A7 22: is another one where a provider has other settings',
      ),
      of(
        PLANS,
        'A7 22 and 23: two plans of the same change have one digest, and a secret that changes another one',
      ),
    ),
    row(
      23,
      'the digest where a sensitive value changes',
      of(
        DIGEST,
        'A7 23: is another one where a sensitive value is, and tells nothing of it without the key',
        'A7 23: holds a sensitive value that %s by the key alone',
      ),
      of(
        PLANS,
        'A7 22 and 23: two plans of the same change have one digest, and a secret that changes another one',
      ),
    ),
    row(24, 'a stale serial', of(APPROVED, 'A7 24: refuses a plan whose state was written since')),
    row(
      25,
      'another lineage',
      of(
        APPROVED,
        'A7 25: refuses a plan of a state of another lineage, also where there was none when it was made',
      ),
    ),
    row(
      26,
      "a first plan, and another region's backend",
      of(
        SEALED_PLAN,
        'A7 26, 27 and 33: says all at once for what else a plan was made, and shows no fingerprint whole',
      ),
      of(
        APPROVED,
        'A7 26: refuses a plan for a backend that the environment has moved',
        'A7 26: refuses a configuration whose state would be gone with the runner',
        'A7 26: refuses a plan for another %s, and applies nothing',
      ),
    ),
    row(
      27,
      'another workspace, region or environment',
      of(
        SEALED_PLAN,
        'A7 26, 27 and 33: says all at once for what else a plan was made, and shows no fingerprint whole',
      ),
      of(
        APPROVED,
        'A7 27: refuses a plan for another %s, and applies nothing',
        'A7 27: plans and applies in the workspace that is meant, whichever the folder was left at',
      ),
    ),
    row(
      28,
      'a plan that was tampered with',
      of(SEALED_PLAN, 'A7 28 and 29: is refused where any part of it was touched'),
      of(
        APPROVED,
        'A7 28 and 29: refuses a plan that was exchanged, of which a bit was flipped, or whose manifest was swapped, and one of another commit',
        'A7 28: refuses a plan for another %s, and applies nothing',
      ),
    ),
    row(
      29,
      'a flipped bit, another key, a swapped manifest',
      of(SEALED_PLAN, 'A7 28 and 29: is refused where any part of it was touched'),
      of(
        APPROVED,
        'A7 28 and 29: refuses a plan that was exchanged, of which a bit was flipped, or whose manifest was swapped, and one of another commit',
        'A7 29: refuses a plan for another %s, and applies nothing',
      ),
    ),
    row(
      30,
      'an artifact of another run',
      of(
        APPROVED,
        'A7 30: finds the plan of its own run alone, whatever another run has uploaded',
        'A7 30: refuses a plan for another %s, and applies nothing',
      ),
    ),
    row(31, 'a plan that is too old', of(APPROVED, 'A7 31: refuses a plan that is too old')),
    row(
      32,
      'a second use',
      of(APPROVED, 'A7 1, 2, 32 and 48: applies what was approved, once, and says nothing of a secret'),
    ),
    row(
      33,
      'another version of the tool',
      of(
        SEALED_PLAN,
        'A7 26, 27 and 33: says all at once for what else a plan was made, and shows no fingerprint whole',
      ),
      of(APPROVED, 'A7 33: refuses a plan of another version of the tool, and a tool that is too old'),
    ),
    row(
      34,
      'another lock file, or none',
      of(APPROVED, 'A7 34: refuses a plan of another dependency lock file, and where there is none any more'),
    ),
    row(
      35,
      'a configuration that was edited after the approval',
      of(
        APPROVED,
        'A7 35: applies what was approved although the configuration is another one now, and says so',
      ),
    ),
    row(
      36,
      'flags of a plan at an apply',
      of(
        APPROVED,
        'A7 36: refuses what an apply would not heed, all at once',
        'A7 10 and 36: heeds what forbids at the apply, and outputs that there are not, before anything is applied',
      ),
    ),
    row(
      37,
      'a sensitive variable at an apply',
      of(
        APPROVED,
        'A7 37: does not hand variables of the %s on to an apply, which Terraform before 1.14 would print',
        'A7 37: hands them on to OpenTofu, which may need them to read its encrypted state',
      ),
    ),
    row(
      38,
      'a variable that no plan keeps',
      of(EPHEMERAL, 'A7 38: the variables that %s does not keep'),
      of(APPROVED, 'A7 38: hands on the variables that no plan keeps'),
    ),
    row(
      39,
      'what changes between plan and apply',
      of(
        APPROVED,
        'A7 39: refuses a plan that would be another one now, and names what changed',
        'A7 39: notices what changed outside, and tells what was done where it is not to look',
      ),
    ),
    row(
      40,
      'an apply that fails in its middle, tried again',
      of(
        APPROVED,
        'A7 40: tells what was done where an apply fails in its middle, and that it has to be planned anew',
        'A7 40: says of what was destroyed and not made anew that it is so',
      ),
    ),
    row(
      41,
      'a lock that is held, and by whom',
      of(STREAM, 'A7 41: is read', 'A7 41: is not the one that was asked for, which the http backend prints'),
      of(
        ENDS,
        'A7 41: who holds a lock is told, and not the lock that the backend of HTTP prints, which is ours',
        'A7 41: who holds a lock is told by an apply, whichever of its steps needs it',
        'A7 41: who holds a lock of a file is told',
      ),
    ),
    row(
      42,
      'a lock that is waited for, and a state that is another one then',
      of(
        ENDS,
        'A7 42: a state that somebody writes while its lock is waited for makes the plan stale, with verify: %s',
        'A7 42: a plan that has waited for a lock is made against what its holder has written, and can be applied',
        'A7 42: a lock is waited for as long as is said, by a plan, the one that is made once more, and an apply',
      ),
    ),
    row(
      43,
      'a cancel',
      of(ENDS, 'A7 43: ends an apply that is cancelled in its own time: lock freed, state saved'),
    ),
    row(
      44,
      'a second signal',
      of(
        ENDS,
        'A7 44: the tool is asked to stop once, whatever else the runner sends: at a second signal it would lose its state',
      ),
    ),
    row(
      45,
      'a step that is killed',
      of(
        ENDS,
        'A7 45: sees an apply to its end whose step was killed',
        'A7 45: leaves a lock alone that is not ours for certain, and says whose it is',
        'A7 45: waits for a tool that a script stands before, and that is another program by then',
        'A7 45: takes nobody else for the tool who has its number by then',
        'A7 45: leaves the lock and the state of another backend alone, to which a later step has brought the folder',
        'A7 45: does not say of a lock that it is free where nobody answers',
        'A7 45: says that a tool which was killed has left its lock',
      ),
    ),
    row(
      46,
      'a state that its backend does not take',
      of(
        ENDS,
        'A7 46: keeps a state sealed that its backend does not take, and a recovery brings it there',
        'A7 46: saves a state that its backend did not take at first',
        'A7 46: brings a kept state to its own backend alone, and takes what an earlier apply has left for its own never',
      ),
    ),
    row(
      47,
      'what a provisioner leaves running',
      of(ENDS, 'A7 47: what a provisioner has left running is said'),
    ),
    row(
      48,
      'secrets of all shapes',
      of(
        SENSITIVE,
        'A7 48: is hidden by its mark, wherever that is, and by its text elsewhere',
        'A7 48: is found in %s, in whichever of the places it is',
      ),
      of(
        APPROVED,
        'A7 1, 2, 32 and 48: applies what was approved, once, and says nothing of a secret',
        'A7 48: hides secrets that the apply has made, and outputs that hold one',
      ),
      of(
        LEAKS,
        'A7 48: no secret of a plan is in anything that a run leaves',
        'A7 48: every secret is found where nothing takes it out',
      ),
    ),
    row(
      49,
      'commands of workflows and Markdown in values',
      of(LEAKS, 'A7 49: what a configuration and its provisioners print is obeyed by nobody'),
    ),
    row(
      50,
      'two thousand objects',
      of(LEAKS, 'A7 50: two thousand objects make a summary that GitHub takes'),
    ),
    row(
      51,
      'whose the plan is, and when it is gone',
      of(LEAKS, 'A7 51: the plan is for its owner alone, and gone however the step ends'),
    ),
    row(
      52,
      'hostile arguments',
      of(
        LEAKS,
        'A7 52: hostile arguments in the environment, and inputs that look like flags, change nothing',
      ),
    ),
  ],
}
