/** What the actions run on, `using: node24`; older ones lack what we call, and say so in the middle of a restore. */
const NEEDED = 24

// Imported before everything else: what follows may not even load with an older one.
if (Number.parseInt(process.versions.node, 10) < NEEDED) {
  console.error(
    `deploy-actions needs Node.js ${NEEDED} or later, and this is ${process.versions.node}: run it with a newer one`,
  )
  process.exit(1)
}
