#!/usr/bin/env node
// Prints what restore.mjs needs to put the arm back that is about to be written.
const { DEPLOY_VARS_ADMIN, DEPLOY_ARM } = process.env

const arms = await (await fetch(`${DEPLOY_VARS_ADMIN}/arms`)).json()
console.log(JSON.stringify({ arm: DEPLOY_ARM, release: arms[DEPLOY_ARM] }))
