import { z } from 'zod'
import { type Answer, type HttpCall, Refusal } from './http-call'
import type { Caller } from './repository'
import { validate } from './validation'

/** What an endpoint gets: everything checked. */
export interface RestCall<Query, Body> {
  /** Decoded parts of the path by their name in the route. */
  params: Readonly<Record<string, string>>
  query: Query
  body: Body
  caller: Caller
  headers: HttpCall['headers']
  /** The whole address, for links to other pages. */
  url: string
}

/** One endpoint as its module states it. */
interface RestSpec<Query, Body> {
  /** `GET /deployments/{id}`: below `/repos/OWNER/NAME`. A last `{path+}` takes slashes too. */
  on: string
  /** Permission of the token: `deployments: write`; of several, set apart by `; `, one is enough. */
  needs: string
  /** Below https://docs.github.com/rest/ */
  manual: string
  /** Nothing else may be asked; none by default. GitHub ignores unknown names, which would hide our mistakes. */
  query?: z.ZodType<Query>
  /** Default: no body. */
  body?: z.ZodType<Body>
  /** The object that validation errors name. */
  resource?: string
  answer(call: RestCall<Query, Body>): Answer | Promise<Answer>
}

/** One endpoint, ready to be served. */
export interface RestRoute {
  method: string
  /** Matches the rest of a path. */
  pattern: RegExp
  needs: string
  documentation: string
  answer(
    call: HttpCall,
    params: Record<string, string>,
    caller: Caller,
    url: string,
  ): Answer | Promise<Answer>
}

/** Makes an endpoint that reads its query and body strictly. */
export function restRoute<Query = Record<string, never>, Body = undefined>(
  spec: RestSpec<Query, Body>,
): RestRoute {
  const [method = '', template = ''] = spec.on.split(' ')
  const documentation = `https://docs.github.com/rest/${spec.manual}`
  const { query = z.strictObject({}), body = z.undefined(), resource = 'Request' } = spec
  return {
    method,
    pattern: patternOf(template),
    needs: spec.needs,
    documentation,
    answer: (call, params, caller, url) =>
      spec.answer({
        params,
        query: validate(Object.fromEntries(call.query), query as z.ZodType<Query>, {
          resource,
          documentation,
        }),
        body: validate(readJson(call, documentation), body as z.ZodType<Body>, { resource, documentation }),
        caller,
        headers: call.headers,
        url,
      }),
  }
}

/** GitHub's 404, which also hides what a token may not see. */
export function notFound(message = 'Not Found'): Refusal {
  return new Refusal({
    status: 404,
    body: { message, documentation_url: 'https://docs.github.com/rest', status: '404' },
  })
}

function patternOf(template: string): RegExp {
  const source = template.replace(
    /\{(\w+)(\+?)\}/g,
    (_, name: string, slashes: string) => `(?<${name}>${slashes ? '.+' : '[^/]+'})`,
  )
  return new RegExp(`^${source}$`)
}

function readJson({ body }: HttpCall, documentation: string): unknown {
  if (body.length === 0) return undefined
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    throw new Refusal({
      status: 400,
      body: { message: 'Problems parsing JSON', documentation_url: documentation, status: '400' },
    })
  }
}
