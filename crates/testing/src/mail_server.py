# An SMTP server that prints each mail as a line of JSON. What it does is in the recipient's name.
import asyncio, base64, email, email.policy, json, os, ssl, sys, tempfile, threading

from aiosmtpd.smtp import SMTP, AuthResult

CONFIG = json.loads(sys.argv[1])
SEEN = set()


def end_with_the_test():
    sys.stdin.buffer.read()
    os._exit(0)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('refused'):
            return '550 5.1.1 no such mailbox'
        if address.startswith('later') and address not in SEEN:
            SEEN.add(address)
            return '451 4.7.1 try again later'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = message.get_content()
        if any(address.startswith('slow') for address in envelope.rcpt_tos):
            await asyncio.sleep(3600)
        if any(address.startswith('echo') for address in envelope.rcpt_tos):
            return '554 5.7.1 looks like spam: ' + ' '.join(text.split())[:400]
        mail = {
            'from': envelope.mail_from,
            'to': envelope.rcpt_tos,
            'headers': [[name, str(value)] for name, value in message.items()],
            'text': text,
            'encrypted': session.ssl is not None,
            'user': session.auth_data,
        }
        print(json.dumps(mail), flush=True)
        return '250 OK'


def authenticate(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    is_right = given == CONFIG['credentials']
    return AuthResult(success=is_right, handled=False, auth_data=given[0])


def tls_context(certificate, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.NamedTemporaryFile() as file:
        for name, der in ('CERTIFICATE', certificate), ('PRIVATE KEY', key):
            text = base64.encodebytes(bytes(der))
            file.write(b'-----BEGIN %b-----\n%b-----END %b-----\n' % (
                name.encode(), text, name.encode()))
        file.flush()
        context.load_cert_chain(file.name)
    return context


async def main():
    context = tls_context(*CONFIG['certificate']) if CONFIG['certificate'] else None
    has_account = CONFIG['credentials'] is not None

    def session():
        return SMTP(
            Handler(), hostname='mail.test', enable_SMTPUTF8=True,
            tls_context=None if CONFIG['wrapped'] else context,
            auth_required=has_account, auth_require_tls=False,
            authenticator=authenticate if has_account else None,
        )

    loop = asyncio.get_running_loop()
    wrapping = context if CONFIG['wrapped'] else None
    server = await loop.create_server(session, '127.0.0.1', CONFIG['port'], ssl=wrapping)
    print(json.dumps({'port': server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


threading.Thread(target=end_with_the_test, daemon=True).start()
asyncio.run(main())
