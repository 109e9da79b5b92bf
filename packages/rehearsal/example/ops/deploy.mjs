#!/usr/bin/env node
// Puts the release onto one arm. DEPLOY_* is all that a script gets.
const { DEPLOY_VARS_ADMIN, DEPLOY_ARM, DEPLOY_VERSION, DEPLOY_DIGEST } = process.env

const response = await fetch(`${DEPLOY_VARS_ADMIN}/arms/${DEPLOY_ARM}`, {
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ version: DEPLOY_VERSION, digest: DEPLOY_DIGEST }),
})
if (!response.ok) {
  console.error(
    `the deployment onto ${DEPLOY_ARM} was refused (${response.status}): ${await response.text()}`,
  )
  process.exit(1)
}
console.log(`${DEPLOY_VERSION} is on ${DEPLOY_ARM}`)
