//! The golden bytes of what people are notified with.

use super::*;
use crate::ids::PushTargetId;

#[test]
fn records_of_notices_are_read() {
    let at = Timestamp(1_800_000_000_123);
    let target = PushTargetId::created_at(position(90_000));
    let text = str::to_owned;
    let web = DeviceV1::WebPush {
        endpoint: text("https://push.example/1"),
        p256dh: text("BP"),
        auth: text("a1"),
    };
    let token = DeviceV1::Fcm { token: text("t") };
    let endpoint = text("https://ntfy.example/up");
    let unified = DeviceV1::UnifiedPush { endpoint };
    for (name, device) in [("WebPush", web), ("Fcm", token), ("UnifiedPush", unified)] {
        check(
            &format!("PushTargetV1-{name}"),
            &PushTargetV1 { at, device },
        );
    }
    let owner = PushAddressV1 {
        user: user("ann"),
        target,
    };
    check("PushAddressV1", &owner);
}
