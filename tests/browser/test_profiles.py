"""The tools of the browser tests themselves: profiles are apart, and have a camera and a microphone."""

GET_MEDIA = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const kinds = stream.getTracks().map((track) => track.kind).sort();
  stream.getTracks().forEach((track) => track.stop());
  return kinds;
}"""


def test_names_below_localhost_reach_the_stack(stack, profile):
    page = profile().new_page()
    for name in ("core", "auth", "kmf", "provider"):
        assert page.goto(f"{getattr(stack.origins, name)}/health").status == 200


def test_profiles_share_nothing(stack, profile):
    one, other = profile(), profile()
    one.add_cookies([{"name": "a", "value": "b", "url": stack.origins.core}])
    assert one.cookies(stack.origins.core)
    assert other.cookies(stack.origins.core) == []


def test_profile_has_camera_and_microphone(stack, profile):
    page = profile().new_page()
    page.goto(f"{stack.origins.kmf}/health")
    assert page.evaluate(GET_MEDIA) == ["audio", "video"]
