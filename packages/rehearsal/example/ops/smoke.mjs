#!/usr/bin/env node
// Does the arm run the release that it should?
const { DEPLOY_VARS_ADMIN, DEPLOY_ARM, DEPLOY_DIGEST } = process.env

const arms = await (await fetch(`${DEPLOY_VARS_ADMIN}/arms`)).json()
if (DEPLOY_DIGEST && arms[DEPLOY_ARM].digest !== DEPLOY_DIGEST) {
  console.error(`${DEPLOY_ARM} runs ${arms[DEPLOY_ARM].digest}`)
  process.exit(1)
}
console.log(`${DEPLOY_ARM} runs ${arms[DEPLOY_ARM].version}`)
