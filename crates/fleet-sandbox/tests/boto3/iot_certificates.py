"""Device and CA certificates, made with `openssl`."""
import subprocess

from driver import ACCOUNT, pages, refused
from iot_policies import attachments
from iot_terms import EXISTS, INVALID, IOT, MISSING, ROLE, arn, tag


def openssl(*arguments, text=None):
    return subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, check=True).stdout


def make_certificate(folder, name, key="rsa:2048", issuer=None, days="365", ca=False):
    """A certificate by openssl: its PEM text; files NAME.key, NAME.csr and NAME.pem stay in the folder."""
    path = lambda ending: str(folder / f"{name}.{ending}")
    curve = ["-pkeyopt", "ec_paramgen_curve:" + key.split(":")[1]] if key.startswith("ec:") else []
    openssl("req", "-new", "-newkey", key.split(":")[0] if curve else key, *curve, "-nodes", "-keyout", path("key"), "-out", path("csr"), "-subj", f"/CN={name}")
    signer = ["-CA", str(folder / f"{issuer}.pem"), "-CAkey", str(folder / f"{issuer}.key"), "-CAcreateserial"] if issuer else ["-signkey", path("key")]
    (folder / "ext").write_text(f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}\n")
    openssl("x509", "-req", "-in", path("csr"), *signer, "-days", days, "-out", path("pem"), "-extfile", str(folder / "ext"))
    return (folder / f"{name}.pem").read_text()


def certificates(folder):
    csr_of = lambda name: (folder / f"{name}.csr").read_text()
    plain = make_certificate(folder, "plain", "ec:prime256v1")
    small = make_certificate(folder, "small", "rsa:1024")
    expired = make_certificate(folder, "expired", days="0")
    register = IOT.register_certificate_without_ca
    made = register(certificatePem=plain, status="ACTIVE")
    identity, plain_arn = made["certificateId"], made["certificateArn"]
    digest = openssl("x509", "-fingerprint", "-sha256", "-noout", text=plain).split("=")[1].strip().replace(":", "").lower()
    assert identity == digest and plain_arn == arn(f"cert/{digest}")
    found = refused(EXISTS, register, certificatePem=plain)
    assert found["resourceId"] == identity and found["resourceArn"] == plain_arn
    for pem, reason in [(small, "1024"), (expired, "expired"), ("x", "PEM")]:
        refused("CertificateValidationException", register, reason, certificatePem=pem)
    refused(INVALID, register, "PENDING_TRANSFER", certificatePem=make_certificate(folder, "again"), status="PENDING_TRANSFER")
    shown = IOT.describe_certificate(certificateId=identity)["certificateDescription"]
    assert shown["certificatePem"] == plain and shown["status"] == "ACTIVE" and shown["certificateMode"] == "SNI_ONLY", shown
    assert shown["ownedBy"] == ACCOUNT and (shown["validity"]["notAfter"] - shown["validity"]["notBefore"]).days == 365
    issued = [IOT.create_certificate_from_csr(certificateSigningRequest=csr_of("plain"), setAsActive=True) for _ in range(2)]
    assert issued[0]["certificateId"] != issued[1]["certificateId"], "never idempotent"
    text = openssl("x509", "-text", "-noout", text=issued[0]["certificatePem"])
    assert "CN = plain" in text.replace("CN=", "CN = ") and "CA:FALSE" in text and "2049" in text, text
    for csr, reason in [(csr_of("small"), "1024"), ("x", "PEM"), (plain, "")]:
        refused(INVALID, IOT.create_certificate_from_csr, reason, certificateSigningRequest=csr)
    keys = IOT.create_keys_and_certificate()
    (folder / "made.key").write_text(keys["keyPair"]["PrivateKey"])
    assert openssl("pkey", "-in", str(folder / "made.key"), "-pubout") == openssl("x509", "-pubkey", "-noout", text=keys["certificatePem"])
    assert "2048 bit" in openssl("pkey", "-in", str(folder / "made.key"), "-text", "-noout")
    assert IOT.describe_certificate(certificateId=keys["certificateId"])["certificateDescription"]["status"] == "INACTIVE"
    ids = [c["certificateId"] for c in pages(IOT.list_certificates, "certificates", "marker", "nextMarker", pageSize=2)[0]]
    assert set(ids) == {identity, keys["certificateId"], *(i["certificateId"] for i in issued)}
    refused(INVALID, IOT.update_certificate, certificateId=identity, newStatus="PENDING_ACTIVATION")
    absent = "0" * 64
    refused(MISSING, IOT.describe_certificate, certificateId=absent)
    refused(MISSING, IOT.update_certificate, certificateId=absent, newStatus="ACTIVE")
    refused(MISSING, IOT.delete_certificate, certificateId=absent)
    refused(INVALID, IOT.describe_certificate, certificateId="xyz")
    attachments(identity, plain_arn, keys)
    authorities(folder)
    for made in [*issued, keys]:
        IOT.update_certificate(certificateId=made["certificateId"], newStatus="INACTIVE")
        IOT.delete_certificate(certificateId=made["certificateId"])


def authorities(folder):
    code = IOT.get_registration_code()["registrationCode"]
    root, stranger = make_certificate(folder, "root", ca=True), make_certificate(folder, "stranger", ca=True)
    proof, wrong_name = make_certificate(folder, code, issuer="root"), make_certificate(folder, "wrong", issuer="root")
    register = IOT.register_ca_certificate
    refused(INVALID, register, "verificationCertificate", caCertificate=root)
    refused(INVALID, register, caCertificate=root, verificationCertificate=proof, certificateMode="SNI_ONLY")
    refused("RegistrationCodeValidationException", register, caCertificate=root, verificationCertificate=wrong_name)
    refused("CertificateValidationException", register, "did not sign", caCertificate=stranger, verificationCertificate=proof)
    refused("CertificateValidationException", register, "not a CA", caCertificate=wrong_name, verificationCertificate=proof)
    device = make_certificate(folder, "device", "ec:secp384r1", issuer="root")
    refused("CertificateValidationException", IOT.register_certificate, "not registered", certificatePem=device)
    config = {"roleArn": ROLE, "templateName": "tpl"}
    ca = register(caCertificate=root, verificationCertificate=proof, allowAutoRegistration=True, registrationConfig=config, tags=tag(k="v"))
    identity = ca["certificateId"]
    assert ca["certificateArn"] == arn(f"cacert/{identity}")
    assert IOT.list_tags_for_resource(resourceArn=ca["certificateArn"])["tags"] == tag(k="v")
    refused(EXISTS, register, caCertificate=root, verificationCertificate=proof)
    refused("CertificateStateException", IOT.register_certificate, certificatePem=device)
    IOT.update_ca_certificate(certificateId=identity, newStatus="ACTIVE")
    made = IOT.register_certificate(certificatePem=device, caCertificatePem=root, setAsActive=True)
    shown = IOT.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
    assert shown["caCertificateId"] == identity and shown["status"] == "ACTIVE" and shown["certificateMode"] == "DEFAULT"
    refused("CertificateValidationException", IOT.register_certificate, certificatePem=make_certificate(folder, "lone"))
    shown = IOT.describe_ca_certificate(certificateId=identity)
    assert shown["registrationConfig"] == config and shown["certificateDescription"]["autoRegistrationStatus"] == "ENABLE"
    refused(INVALID, IOT.update_ca_certificate, certificateId=identity, removeAutoRegistration=True, registrationConfig=config)
    IOT.update_ca_certificate(certificateId=identity, removeAutoRegistration=True)
    shown = IOT.describe_ca_certificate(certificateId=identity)
    assert "registrationConfig" not in shown and shown["certificateDescription"]["autoRegistrationStatus"] == "DISABLE"
    other = register(caCertificate=stranger, certificateMode="SNI_ONLY", setAsActive=True)
    assert pages(IOT.list_ca_certificates, "certificates", "marker", "nextMarker", pageSize=1)[1] == 2
    assert IOT.list_ca_certificates(templateName="tpl")["certificates"] == []
    refused("CertificateStateException", IOT.delete_ca_certificate, certificateId=identity)
    for one in (identity, other["certificateId"]):
        IOT.update_ca_certificate(certificateId=one, newStatus="INACTIVE")
        IOT.delete_ca_certificate(certificateId=one)
        for call in (IOT.describe_ca_certificate, IOT.update_ca_certificate, IOT.delete_ca_certificate):
            refused(MISSING, call, certificateId=one)
