import { z } from 'zod'

// An action parses each schema once or twice: compiling code for it first only makes the start slower.
z.config({ jitless: true })
