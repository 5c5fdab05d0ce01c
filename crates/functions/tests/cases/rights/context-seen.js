exports = () => [
  context.user.id, context.user.data, context.user.identities, context.app, context.environment,
  Object.keys(context.http), typeof context.http.get, context.values.get('missing'),
  Object.keys(context.request ?? {}), Object.keys(context.request?.requestHeaders ?? {}),
];
