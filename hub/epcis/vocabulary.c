/* vocabulary.c: the bare words of EPCIS in JSON-LD [CBV 2.0, section 7; GS1 web vocabulary for measurements].
 */
#include "epcis/vocabulary.h"

#include <string.h>

static const char bizstep_words[] =
    " accepting arriving assembling collecting commissioning consigning "
    " creating_class_instance cycle_counting decommissioning departing destroying "
    " disassembling dispensing encoding entering_exiting holding inspecting installing killing "
    " loading other packing picking receiving removing repackaging repairing replacing "
    " reserving retail_selling sampling sensor_reporting shipping staging_outbound "
    " stock_taking stocking storing transporting unloading unpacking void_shipping ";
static const char disposition_words[] =
    " active available completeness_inferred completeness_verified conformant container_closed "
    " container_open damaged destroyed dispensed disposed encoded expired in_progress "
    " in_transit inactive mismatch_class mismatch_instance mismatch_quantity needs_replacement "
    " no_pedigree_match non_conformant non_sellable_other partially_dispensed recalled "
    " reserved retail_sold returned sellable_accessible sellable_not_accessible stolen "
    " unavailable unknown ";
static const char party_words[] = " location owning_party possessing_party ";
static const char transaction_words[] =
    " bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt ";
static const char measurement_words[] =
    " AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance "
    " AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity "
    " Area Capacitance Conductance Conductivity Count Density Dimensionless DoseEquivalent "
    " DoseEquivalentRate DynamicViscosity ElectricCharge ElectricCurrent "
    " ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency Illuminance "
    " Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux "
    " LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass "
    " MassConcentration MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute "
    " MolarEnergy MolarMass MolarVolume Power Pressure RadiantFlux RadiantIntensity "
    " Radioactivity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume Speed "
    " SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate "
    " VolumeFraction VolumetricFlux Wavenumber ";
static const char exception_words[] = " ALARM_CONDITION ERROR_CONDITION ";
static const char component_words[] =
    " altitude axial_distance azimuth easting elevation_angle height latitude longitude "
    " northing polar_angle spherical_radius x y z ";

/* Which words a property holds. OWNER is the list or object that it stands in; NULL: any. */
static const struct vocabulary {
    const char *property, *owner, *stem, *words;
} vocabularies[] = {
    {"bizStep", NULL, "https://ref.gs1.org/cbv/BizStep-", bizstep_words},
    {"disposition", NULL, "https://ref.gs1.org/cbv/Disp-", disposition_words},
    {"set", "persistentDisposition", "https://ref.gs1.org/cbv/Disp-", disposition_words},
    {"unset", "persistentDisposition", "https://ref.gs1.org/cbv/Disp-", disposition_words},
    {"type", "bizTransactionList", "https://ref.gs1.org/cbv/BTT-", transaction_words},
    {"type", "sourceList", "https://ref.gs1.org/cbv/SDT-", party_words},
    {"type", "destinationList", "https://ref.gs1.org/cbv/SDT-", party_words},
    {"type", "sensorReport", "https://gs1.org/voc/", measurement_words},
    {"exception", "sensorReport", "https://gs1.org/voc/", exception_words},
    {"component", "sensorReport", "https://ref.gs1.org/cbv/Comp-", component_words},
};

/* Words stand between blanks. */
static bool holds(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *found = words; length > 0 && (found = strstr(found, word)) != NULL; found++)
        if (found[-1] == ' ' && found[length] == ' ' && strchr(word, ' ') == NULL)
            return true;
    return false;
}

const char *vocabulary_uri(struct arena *arena, const char *owner, const char *property, const char *word)
{
    for (size_t i = 0; i < sizeof vocabularies / sizeof *vocabularies; i++) {
        const struct vocabulary *vocabulary = &vocabularies[i];
        if (strcmp(vocabulary->property, property) == 0 &&
            (vocabulary->owner == NULL || (owner != NULL && strcmp(vocabulary->owner, owner) == 0)) &&
            holds(vocabulary->words, word))
            return arena_format(arena, "%s%s", vocabulary->stem, word);
    }
    return word;
}
