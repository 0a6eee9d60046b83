"""Quantities and their units: the semantic types of DTDL v2 and of the quantitativeTypes extension.

One table grows from version to version: v2 has `_UNITS`, quantitativeTypes;1 and ;2 add
`_UNITS_QT1`, quantitativeTypes;3 adds `_UNITS_QT3`. Source: DTDL v2 "Semantic types", extension
quantitativeTypes v1-v3.
"""

from __future__ import annotations

_UNITS: dict[str, str] = {
    "AccelerationUnit": "centimetrePerSecondSquared gForce metrePerSecondSquared",
    "AngleUnit": "degreeOfArc minuteOfArc radian secondOfArc turn",
    "AngularAccelerationUnit": "radianPerSecondSquared",
    "AngularVelocityUnit": (
        "degreePerSecond radianPerSecond revolutionPerMinute revolutionPerSecond"
    ),
    "AreaUnit": (
        "acre hectare squareCentimetre squareFoot squareInch squareKilometre squareMetre "
        "squareMillimetre"
    ),
    "CapacitanceUnit": "farad microfarad millifarad nanofarad picofarad",
    "ChargeUnit": "coulomb",
    "CurrentUnit": "ampere microampere milliampere",
    "DataRateUnit": (
        "bitPerSecond bytePerSecond exbibitPerSecond exbibytePerSecond gibibitPerSecond "
        "gibibytePerSecond kibibitPerSecond kibibytePerSecond mebibitPerSecond mebibytePerSecond "
        "tebibitPerSecond tebibytePerSecond yobibitPerSecond yobibytePerSecond zebibitPerSecond "
        "zebibytePerSecond"
    ),
    "DataSizeUnit": (
        "bit byte exbibit exbibyte gibibit gibibyte kibibit kibibyte mebibit mebibyte tebibit "
        "tebibyte yobibit yobibyte zebibit zebibyte"
    ),
    "DensityUnit": "gramPerCubicMetre kilogramPerCubicMetre",
    "EnergyUnit": "electronvolt gigajoule joule kilojoule kilowattHour megaelectronvolt megajoule",
    "ForceUnit": "newton ounce pound ton",
    "FrequencyUnit": "gigahertz hertz kilohertz megahertz",
    "IlluminanceUnit": "footcandle lux",
    "InductanceUnit": "henry microhenry millihenry",
    "LengthUnit": (
        "astronomicalUnit centimetre foot inch kilometre metre micrometre mile millimetre "
        "nanometre nauticalMile"
    ),
    "LuminanceUnit": "candelaPerSquareMetre",
    "LuminousFluxUnit": "lumen",
    "LuminousIntensityUnit": "candela",
    "MagneticFluxUnit": "maxwell weber",
    "MagneticInductionUnit": "tesla",
    "MassFlowRateUnit": "gramPerHour gramPerSecond kilogramPerHour kilogramPerSecond",
    "MassUnit": "gram kilogram microgram milligram slug tonne",
    "PowerUnit": (
        "gigawatt horsepower kilowatt kilowattHourPerYear megawatt microwatt milliwatt watt"
    ),
    "PressureUnit": (
        "bar inchesOfMercury inchesOfWater kilopascal millibar millimetresOfMercury pascal "
        "poundPerSquareInch"
    ),
    "ResistanceUnit": "kiloohm megaohm milliohm ohm",
    "SoundPressureUnit": "bel decibel",
    "TemperatureUnit": "degreeCelsius degreeFahrenheit kelvin",
    "TimeUnit": "day hour microsecond millisecond minute nanosecond second year",
    "TorqueUnit": "newtonMetre",
    "Unitless": "percent unity",
    "VelocityUnit": (
        "centimetrePerSecond kilometrePerHour kilometrePerSecond knot metrePerHour metrePerSecond "
        "milePerHour milePerSecond"
    ),
    "VoltageUnit": "kilovolt megavolt microvolt millivolt volt",
    "VolumeFlowRateUnit": "litrePerHour litrePerSecond millilitrePerHour millilitrePerSecond",
    "VolumeUnit": (
        "cubicCentimetre cubicFoot cubicInch cubicMetre fluidOunce gallon litre millilitre"
    ),
}
_UNITS_QT1: dict[str, str] = {
    "ApparentEnergyUnit": (
        "gigavoltAmpereHour kilovoltAmpereHour megavoltAmpereHour voltAmpereHour"
    ),
    "ApparentPowerUnit": "gigavoltAmpere kilovoltAmpere megavoltAmpere millivoltAmpere voltAmpere",
    "ChargeUnit": "ampereHour milliampereHour",
    "CurrentUnit": "kiloampere",
    "DensityUnit": "microgramPerCubicMetre milligramPerCubicMetre",
    "EnergyUnit": (
        "britishThermalUnit gigawattHour kiloBritishThermalUnit megawattHour milliwattHour "
        "terawattHour wattHour"
    ),
    "FrequencyUnit": "millihertz",
    "IonizingRadiationDoseUnit": "gray microgray microsievert milligray millisievert sievert",
    "IrradianceUnit": "wattPerSquareMetre",
    "MagneticInductionUnit": "gauss",
    "MassFlowRateUnit": "massPoundPerHour",
    "MassUnit": "massPound",
    "PowerUnit": (
        "britishThermalUnitPerHour gigajoulePerHour joulePerHour joulePerSecond "
        "kiloBritishThermalUnitPerHour kilojoulePerHour kilojoulePerSecond megajoulePerHour "
        "tonOfRefrigeration"
    ),
    "PressureUnit": "decapascal hectopascal",
    "RadioactivityUnit": "becquerel gigabecquerel kilobecquerel megabecquerel",
    "ReactiveEnergyUnit": (
        "gigavoltAmpereReactiveHour kilovoltAmpereReactiveHour megavoltAmpereReactiveHour "
        "voltAmpereReactiveHour"
    ),
    "ReactivePowerUnit": (
        "gigavoltAmpereReactive kilovoltAmpereReactive megavoltAmpereReactive "
        "millivoltAmpereReactive voltAmpereReactive"
    ),
    "Unitless": "partsPerBillion partsPerMillion partsPerQuadrillion partsPerTrillion",
    "VolumeFlowRateUnit": (
        "cubicFootPerMinute cubicMetrePerHour cubicMetrePerMinute cubicMetrePerSecond "
        "gallonPerHour gallonPerMinute litrePerMinute millilitrePerMinute"
    ),
}
_UNITS_QT3: dict[str, str] = {
    "AccelerationUnit": "kilometrePerSecondSquared millimetrePerSecondSquared",
    "ApparentEnergyUnit": "millivoltAmpereHour",
    "CurrentUnit": "nanoampere picoampere",
    "DynamicViscosityUnit": "centipoise millipascalSecond millipoise pascalSecond poise",
    "GasLeakageRateUnit": (
        "decapascalCubicMetrePerSecond hectopascalCubicMetrePerSecond "
        "kilopascalCubicMetrePerSecond pascalCubicMetrePerSecond"
    ),
    "KinematicViscosityUnit": "centistokes squareMetrePerSecond stokes",
    "ReciprocalLengthUnit": (
        "reciprocalCentimetre reciprocalKilometre reciprocalMetre reciprocalMicrometre "
        "reciprocalMillimetre reciprocalNanometre"
    ),
    "ReciprocalTimeUnit": "reciprocalMinute reciprocalSecond",
    "VelocityUnit": "millimetrePerSecond",
    "VolumeFlowRateUnit": "cubicCentimetrePerMinute cubicCentimetrePerSecond",
}
_TYPES = (
    "Acceleration Angle AngularAcceleration AngularVelocity Area Capacitance Current DataRate "
    "DataSize Density Energy Force Frequency Illuminance Inductance Length Luminance LuminousFlux "
    "LuminousIntensity MagneticFlux MagneticInduction Mass MassFlowRate Power Pressure Resistance "
    "SoundPressure Temperature Torque Velocity Voltage Volume VolumeFlowRate"
)
_TYPES_QT1 = (
    "ApparentEnergy ApparentPower IonizingRadiationDose Irradiance Radioactivity ReactiveEnergy "
    "ReactivePower"
)
_TYPES_QT3 = "DynamicViscosity GasLeakageRate KinematicViscosity ReciprocalLength ReciprocalTime"
# The unit of a type is the type's own name plus "Unit", except for these.
_UNIT_OF = {
    **dict.fromkeys(
        ("Concentration", "Efficiency", "RelativeDensity", "RelativeHumidity"), "Unitless"
    ),
    **dict.fromkeys(("RelativeMeasure", "Scale", "Throttle"), "Unitless"),
    **dict.fromkeys(("Latitude", "Longitude"), "AngleUnit"),
    **dict.fromkeys(("EnergyRate", "Luminosity"), "PowerUnit"),
    "Distance": "LengthUnit",
    "ElectricCharge": "ChargeUnit",
    "Humidity": "DensityUnit",
    "Thrust": "ForceUnit",
    "TimeSpan": "TimeUnit",
}
_ODD_V2 = (
    "Distance ElectricCharge Humidity Latitude Longitude Luminosity RelativeHumidity Thrust "
    "TimeSpan"
)
_ODD_QT1 = "Concentration EnergyRate RelativeDensity"
_ODD_QT3 = "Efficiency RelativeMeasure Scale Throttle"

PREFIXES: dict[str, str] = {
    "BinaryPrefix": "exbi gibi kibi mebi pebi tebi yobi zebi",
    "DecimalPrefix": (
        "atto centi deca deci exa femto giga hecto kilo mega micro milli nano peta pico "
        "tera yocto yotta zepto zetta"
    ),
}
UNIT_ALIASES = {"EnergyRateUnit": "PowerUnit"}  # terms of quantitativeTypes only


def units(edition: int) -> dict[str, tuple[str, ...]]:
    """The units of each unit type; `edition` is 0 for v2, else that of quantitativeTypes."""
    tables = [_UNITS, *([_UNITS_QT1] if edition else []), *([_UNITS_QT3] if edition == 3 else [])]
    names = dict.fromkeys(name for table in tables for name in table)
    return {
        name: tuple(sorted(unit for table in tables for unit in table.get(name, "").split()))
        for name in names
    }


def types(edition: int) -> dict[str, str]:
    """The unit type of each quantitative type; `edition` as for `units`."""
    names = [
        _TYPES,
        _ODD_V2,
        *([_TYPES_QT1, _ODD_QT1] if edition else []),
        *([_TYPES_QT3, _ODD_QT3] if edition == 3 else []),
    ]
    return {name: _UNIT_OF.get(name, f"{name}Unit") for line in names for name in line.split()}
