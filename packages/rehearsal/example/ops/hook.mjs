#!/usr/bin/env node
// Says at which moment of a rollout it is run, and fails in the region, or at the weight in it, that a further argument
// names (eu-west, eu-west:25). A real one would bring load, tag the release, or compare schemas.
const { DEPLOY_REGION, DEPLOY_VERSION, DEPLOY_STAGE, DEPLOY_STAGE_WEIGHT } = process.env
const [moment, fails] = process.argv.slice(2)

const stage = DEPLOY_STAGE ? `, stage ${DEPLOY_STAGE} of ${DEPLOY_STAGE_WEIGHT} %` : ''
console.log(`${moment}: ${DEPLOY_VERSION} in ${DEPLOY_REGION}${stage}`)
if ([DEPLOY_REGION, `${DEPLOY_REGION}:${DEPLOY_STAGE_WEIGHT}`].includes(fails)) {
  console.error('it was told to fail here')
  process.exit(1)
}
