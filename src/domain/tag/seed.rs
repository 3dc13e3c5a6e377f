//! The tags of a utility that shows what they are for: skills of its service, customers and products.

use serde_json::{Map, Value, json};

use super::{
    model::NewTag,
    service::{self, Author},
    store,
};
use crate::{db::TenantTx, error::Result};

fn skill(name: &str, color: &str, prompt: &str) -> Value {
    let detection = json!({"type": "aiDetection", "customerNeeded": true, "aiDetection": {"detectionPrompt": prompt}});
    json!({"name": name, "reference": "ticket", "type": "skill", "color": color, "detectionDetails": detection})
}

/// Roots, each with what stands below it.
fn roots() -> Vec<(Value, Vec<Value>)> {
    let with = |mut tag: Value, more: Value| {
        if let (Some(tag), Value::Object(more)) = (tag.as_object_mut(), more) {
            tag.extend(more);
        }
        tag
    };
    let leaf = |tag| (tag, Vec::new());
    let product = |name: &str, color: &str| json!({"name": name, "reference": "contract", "type": "product", "color": color});
    let complaint = skill("Beschwerde", "red", "Der Kunde beschwert sich, droht mit Anwalt, Schlichtungsstelle oder Presse.");
    vec![
        leaf(with(
            skill("Zählerstand", "blue", "Der Kunde meldet einen Zählerstand oder fragt danach."),
            json!({"complexity": "simple", "sla": 16}),
        )),
        leaf(with(
            skill("Abschlag", "green", "Der Kunde möchte seinen Abschlag ändern oder wissen, wie hoch er ist."),
            json!({"complexity": "simple", "sla": 16}),
        )),
        leaf(with(
            skill("Rechnung", "orange", "Der Kunde hat eine Frage zu einer Rechnung, oder sie fehlt ihm."),
            json!({"complexity": "moderate", "sla": 16}),
        )),
        leaf(with(
            skill("Kündigung", "red", "Der Kunde kündigt einen Vertrag oder widerruft ihn."),
            json!({"complexity": "moderate", "sla": 8, "priority": "high"}),
        )),
        leaf(with(skill("Umzug", "teal", "Der Kunde zieht um, ein oder aus."), json!({"complexity": "moderate", "sla": 16}))),
        (
            json!({"name": "Second Level", "reference": "ticket", "type": "skill", "color": "purple", "complexity": "complex"}),
            vec![with(complaint, json!({"complexity": "complex", "sla": 4, "priority": "high"}))],
        ),
        leaf(json!({"name": "VIP", "reference": "customer", "type": "customerProperty", "color": "yellow", "priority": "high"})),
        (json!({"name": "Produkt", "reference": "contract", "type": "product"}), vec![product("Strom", "yellow"), product("Gas", "blue")]),
    ]
}

fn read(tag: Value) -> Result<NewTag> {
    NewTag::read(if let Value::Object(fields) = tag { fields } else { Map::new() })
}

/// Adds the tags to a tenant that never had one beside the default skill. What somebody deleted does not come back.
pub async fn provide(tx: &mut TenantTx, author: Author) -> Result<()> {
    store::lock(tx).await?;
    if store::has_further(tx).await? {
        return Ok(());
    }
    for (root, children) in roots() {
        let parent = service::create(tx, &read(root)?, author).await?;
        for mut child in children {
            child["parent"] = json!(parent);
            service::create(tx, &read(child)?, author).await?;
        }
    }
    Ok(())
}
